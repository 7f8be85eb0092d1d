package httpcall

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestURLsAreRemembered: the same answer every time, errors included, and no more of
// them than there is room for.
func TestURLsAreRemembered(t *testing.T) {
	var u urls
	for range 3 {
		p, err := u.parse("https://Api.Example.COM/send")
		if err != nil || p.url.String() != "https://api.example.com/send" || p.to.String() != "api.example.com:443" {
			t.Fatalf("%v %v %v", p.url, p.to, err)
		}
		if _, err := u.parse("ftp://example.com/"); err == nil {
			t.Fatal("ftp is accepted")
		}
	}
	if len(u.known) != 1 {
		t.Errorf("%d addresses are known", len(u.known))
	}
	for _, raw := range []string{"https://example.com/?to=79190000000", "https://example.com/" + strings.Repeat("x", maxPlaceSize)} {
		if _, err := u.parse(raw); err != nil || len(u.known) != 1 {
			t.Errorf("%.40s: %v, %d known", raw, err, len(u.known))
		}
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				raw := fmt.Sprintf("https://example.com/%d", (i+n)%100)
				if p, err := u.parse(raw); err != nil || p.url.String() != raw {
					t.Errorf("%s: %v %v", raw, p.url, err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(u.known); n > maxPlaces {
		t.Errorf("%d addresses are known", n)
	}
}
