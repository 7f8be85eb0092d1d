package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	providercall "github.com/patchbay-gw/patchbay/core/internal/hostcall/provider"
	userscall "github.com/patchbay-gw/patchbay/core/internal/hostcall/users"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// The packages below declare the small interfaces that they need; this file
// fits the store and the registry to them.

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// authStore is the part of the store that belongs to auth.
type authStore struct{ view store.View }

var _ auth.Store = authStore{}

func (s authStore) Put(key string, value []byte, ttl time.Duration) error {
	return s.view.Put([]byte(key), value, ttl)
}

func (s authStore) Delete(key string) error { return s.view.Delete([]byte(key)) }

func (s authStore) Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	return s.view.Scan(ctx, prefixRange([]byte(prefix)), func(key, value []byte) error { return fn(string(key), value) })
}

// prefixRange covers all keys that begin with prefix.
func prefixRange(prefix []byte) store.Range {
	end := append([]byte(nil), prefix...)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) > 0 {
		end[len(end)-1]++
	}
	return store.Range{From: prefix, To: end}
}

// kvView is the part of the store that belongs to one plugin instance.
type kvView struct{ store.View }

func (v kvView) ScanPrefix(ctx context.Context, prefix []byte, limit int, fn func(key, value []byte) error) error {
	r := prefixRange(prefix)
	r.Limit = limit
	return v.Scan(ctx, r, fn)
}

// keyed is a view with string keys, for the registry's state and the stored
// answers of idempotent requests.
type keyed struct{ view store.View }

// Get returns nil when there is nothing.
func (k keyed) Get(key string) ([]byte, error) {
	b, err := k.view.Get([]byte(key))
	if isNotFound(err) {
		return nil, nil
	}
	return b, err
}

func (k keyed) Put(key string, value []byte, ttl time.Duration) error {
	return k.view.Put([]byte(key), value, ttl)
}

func (k keyed) Delete(key string) error { return k.view.Delete([]byte(key)) }

// stateStorage keeps the registry's state, sealed and without an end.
type stateStorage struct{ sealedView }

func (s stateStorage) Put(key string, value []byte) error { return s.sealedView.Put(key, value, 0) }

// parsers are the host's parsers for answers of upstreams. Upstreams repeat keys
// (FreeSWITCH does); integrators may not.
type parsers struct{}

func (parsers) JSON(dst, src []byte) ([]byte, error) {
	return transcode.FromJSON(dst, src, transcode.Options{AllowDuplicates: true})
}
func (parsers) XML(dst, src []byte) ([]byte, error)  { return transcode.FromXML(dst, src) }
func (parsers) Form(dst, src []byte) ([]byte, error) { return transcode.FromForm(dst, src) }

// withoutCall fits an operation that needs to know nothing about its task.
func withoutCall(run func(ctx context.Context, request, dst []byte) []byte) func(context.Context, *wasm.Call, []byte, []byte) []byte {
	return func(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte { return run(ctx, request, dst) }
}

// directory finds providers on the table in force.
type directory struct {
	registry   *registry.Registry
	receiptURL func(instance string) string
	guard      *guard.Guard
}

func (d directory) Extending(point string) []providercall.Provider {
	found := d.registry.Table().Extending(point)
	out := make([]providercall.Provider, len(found))
	for i, p := range found {
		out[i] = providercall.Provider{
			Name: p.Name, Plugin: p.Manifest.ID, Ready: p.Ready(), Do: guardedSend(d.guard, point, p.Runner.Do),
			Operations: operationsAt(p, point), ReceiptURL: d.address(p, point),
		}
	}
	return out
}

// address is that of a provider's webhook, "" when it reads no receipts.
func (d directory) address(p *registry.Provider, point string) string {
	if receiptPoint(p.Manifest) != point {
		return ""
	}
	return d.receiptURL(p.Name)
}

// operationsAt lists what a provider implements at a point.
func operationsAt(p *registry.Provider, point string) []string {
	for _, e := range p.Manifest.Extends {
		if e.Point == point {
			return e.Operations
		}
	}
	return nil
}

// listUsers is the list behind /report/users.
func (a *App) listUsers(context.Context) ([]userscall.User, error) {
	users := a.auth.Users()
	out := make([]userscall.User, len(users))
	for i, u := range users {
		out[i] = userscall.User{Name: u.Login, Status: strconv.Itoa(int(u.Status))}
	}
	return out, nil
}
