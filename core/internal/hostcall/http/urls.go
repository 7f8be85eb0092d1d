package httpcall

import (
	"net/url"
	"strings"
	"sync"
)

// urls remembers what the addresses of a client mean: most plugins ask for one, again
// and again, and taking it apart costs as much as sending it.
type urls struct {
	mu    sync.RWMutex
	known map[string]place
}

// place is an address that was taken apart; nobody changes the URL.
type place struct {
	url *url.URL
	to  target
}

const (
	maxPlaces    = 64
	maxPlaceSize = 256 // bytes of an address that is remembered
)

// parse is parseURL with a memory. Addresses with a query are not remembered: they
// differ from request to request.
func (u *urls) parse(raw string) (place, error) {
	u.mu.RLock()
	p, ok := u.known[raw]
	u.mu.RUnlock()
	if ok {
		return p, nil
	}
	var err error
	if p.url, p.to, err = parseURL(nil, raw); err != nil {
		return place{}, err
	}
	if len(raw) > maxPlaceSize || strings.Contains(raw, "?") {
		return p, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.known) >= maxPlaces || u.known == nil {
		u.known = map[string]place{} // paths differ, too: begin again
	}
	u.known[raw] = p
	return p, nil
}
