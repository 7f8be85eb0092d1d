package httpcall_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestHammer mixes every way in which an exchange can end, over shared
// connections of both protocols, and checks that nobody gets another's answer,
// that nothing is left behind and that borrowed memory is not touched later
// (fetchIn clears it; the race detector watches).
func TestHammer(t *testing.T) {
	const answerLimit = 32 << 10
	handler := func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		id := q.Header.Get("X-Id")
		switch q.URL.Path {
		case "/echo":
			fmt.Fprintf(w, "%s %s", id, body)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprintf(z, "%s %s", id, body)
			z.Close()
		case "/redirect":
			http.Redirect(w, q, "/echo", http.StatusTemporaryRedirect)
		case "/large":
			io.WriteString(w, strings.Repeat("x", answerLimit+1))
		case "/hangup":
			panic(http.ErrAbortHandler)
		case "/early": // answers without reading the rest
			w.WriteHeader(http.StatusNoContent)
		case "/hang":
			<-q.Context().Done()
		}
	}
	r := newRig(t, httpcall.PoolOptions{CAFile: caFile(t), Buffered: 8 << 20, IdlePerHost: 4})
	r.serve("plain.example", "80", handler)
	r.serveTLS("example.com", "443", true, handler)
	var clients []*httpcall.Client
	for range 4 {
		clients = append(clients, r.client(plain("plain.example", "example.com"), httpcall.Limits{InFlight: 5, Answer: answerLimit}))
	}
	paths := []string{"/echo", "/gzip", "/redirect", "/large", "/hangup", "/early", "/hang"}
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range 60 {
				path := paths[random.IntN(len(paths))]
				site := []string{"http://plain.example", "https://example.com"}[random.IntN(2)]
				id := fmt.Sprintf("%d-%d", w, i)
				body := strings.Repeat("b", random.IntN(20<<10))
				ctx, cancel := context.WithCancel(t.Context())
				if path == "/hang" {
					time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, cancel)
				}
				p, f := fetchIn(t, ctx, clients[w%4], abi.HTTPRequest{
					Method: "POST", URL: site + path, Header: headers("x-id", id, "idempotency-key", id), Body: []byte(body),
				})
				cancel()
				switch path {
				case "/echo", "/gzip", "/redirect":
					if f != nil || string(p.Body) != id+" "+body {
						t.Errorf("%s%s: %+v, %d bytes", site, path, f, len(bodyOf(p)))
					}
				case "/early":
					if f == nil && p.Status != http.StatusNoContent {
						t.Errorf("%s: %d", path, p.Status)
					}
				default:
					want := map[string]abi.Code{"/large": abi.CodeTooLarge, "/hangup": abi.CodeUnavailable, "/hang": abi.CodeTimeout}[path]
					if f == nil || f.Code != want {
						t.Errorf("%s%s: %+v, want %s", site, path, f, want)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, c := range clients {
		if got := c.InFlight(); got != 0 {
			t.Errorf("%d in flight at the end", got)
		}
	}
}
