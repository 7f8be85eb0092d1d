package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// keyFile holds the keys of the data folder; see [seal.Ring] for how to rotate them.
const keyFile = "secret.key"

// openRing finds the keys: that of the configuration in front of those of the key
// file, which is made when there is no other.
func openRing(cfg *config.Config) (*seal.Ring, error) {
	var keys [][]byte
	configured := cfg.Gateway.SecretKey
	if !configured.IsZero() {
		own, err := seal.Parse(configured.Reveal())
		if err != nil {
			return nil, fmt.Errorf("gateway.secret_key: %w", err)
		}
		keys = own
	}
	stored, err := seal.Load(filepath.Join(cfg.Gateway.Data, keyFile), len(keys) == 0)
	if err != nil {
		return nil, err
	}
	return seal.New(append(keys, stored...)...)
}

// secretStore is a view whose values somebody must not read; get returns nil for
// nothing.
type secretStore interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte, ttl time.Duration) error
	Delete(key string) error
}

var (
	_ secretStore = sealedView{}
	_ secretStore = keyed{} // for tests
)

// sealedView is a view whose values are sealed. name is the place that they are
// bound to, together with their key.
type sealedView struct {
	view store.View
	ring *seal.Ring
	name string
}

func (a *App) sealed(name string) sealedView { return sealedView{a.store.Prefix(name), a.ring, name} }

func (v sealedView) place(key string) string { return v.name + "/" + key }

// Get returns nil when there is nothing.
func (v sealedView) Get(key string) ([]byte, error) {
	raw, err := v.view.Get([]byte(key))
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value, _, err := v.ring.Open(v.place(key), raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.name, err)
	}
	return value, nil
}

func (v sealedView) Put(key string, value []byte, ttl time.Duration) error {
	return v.ring.Store(v.place(key), value, func(sealed []byte) error { return v.view.Put([]byte(key), sealed, ttl) })
}

func (v sealedView) Delete(key string) error { return v.view.Delete([]byte(key)) }

// renew seals anew what is sealed with an older key, and returns how much that was. ttl
// is what values of this view live, 0 for ever. It finds out, too, whether the keys
// fit.
func (v sealedView) renew(ctx context.Context, prefix string, ttl time.Duration) (int, error) {
	var old []string
	err := v.view.Scan(ctx, prefixRange([]byte(prefix)), func(key, raw []byte) error {
		_, current, err := v.ring.Open(v.place(string(key)), raw)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if !current {
			old = append(old, string(key))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, key := range old {
		err := v.renewOne(key, ttl)
		if err == nil {
			n++
		}
		errs = append(errs, err, ctx.Err())
	}
	return n, errors.Join(errs...)
}

// renewOne reads and writes in one transaction: a value that is written meanwhile must
// not be lost.
func (v sealedView) renewOne(key string, ttl time.Duration) error {
	return v.view.Update(func(tx store.Tx) error {
		raw, err := tx.Get([]byte(key))
		if isNotFound(err) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		value, current, err := v.ring.Open(v.place(key), raw)
		if err != nil || current {
			return err
		}
		return tx.Put([]byte(key), v.ring.Seal(v.place(key), value), ttl)
	})
}

// sealedUsers is the part of the store that belongs to auth. Users are sealed:
// theirs are the secrets of second factors. Tokens are hashes already.
type sealedUsers struct {
	authStore
	sealed sealedView
}

// userKeys begins the keys of users; see package auth.
const userKeys = "user/"

func (s sealedUsers) Put(key string, value []byte, ttl time.Duration) error {
	if strings.HasPrefix(key, userKeys) {
		return s.sealed.Put(key, value, ttl)
	}
	return s.authStore.Put(key, value, ttl)
}

func (s sealedUsers) Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	return s.authStore.Scan(ctx, prefix, func(key string, value []byte) error {
		if strings.HasPrefix(key, userKeys) {
			opened, _, err := s.sealed.ring.Open(s.sealed.place(key), value)
			if err != nil {
				return fmt.Errorf("user record %q: %w", key, err)
			}
			value = opened
		}
		return fn(key, value)
	})
}

// sealedParts are all places where sealed values are, with how long they live.
func (a *App) sealedParts() []sealedPart {
	return []sealedPart{
		{a.sealed("auth"), userKeys, 0},
		{a.sealed("registry"), "", 0},
		{a.sealed("hooks"), "", 0},
		{a.sealed("undo"), "", a.config().Journal.Retention.Audit},
	}
}

type sealedPart struct {
	view   sealedView
	prefix string
	ttl    time.Duration
}

// renewSeals brings everything that is sealed to the newest key and returns how much
// was not.
func (a *App) renewSeals(ctx context.Context) (sum int, err error) {
	for _, p := range a.sealedParts() {
		n, fault := p.view.renew(ctx, p.prefix, p.ttl)
		sum, err = sum+n, errors.Join(err, fault)
	}
	return sum, err
}
