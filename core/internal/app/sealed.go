package app

import (
	"bytes"
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
	return v.view.Put([]byte(key), v.ring.Seal(v.place(key), value), ttl)
}

func (v sealedView) Delete(key string) error { return v.view.Delete([]byte(key)) }

// renew seals what an older gateway, or an older key, left. ttl is what values of
// this view live, 0 for ever. It finds out, too, whether the keys fit.
func (v sealedView) renew(ctx context.Context, prefix string, ttl time.Duration) error {
	old := map[string][]byte{}
	err := v.view.Scan(ctx, prefixRange([]byte(prefix)), func(key, raw []byte) error {
		value, current, err := v.ring.Open(v.place(string(key)), raw)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if !current {
			old[string(key)] = bytes.Clone(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for key, value := range old {
		errs = append(errs, v.Put(key, value, ttl))
	}
	return errors.Join(errs...)
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

// renewSeals brings everything that is sealed to the newest key.
func (a *App) renewSeals(ctx context.Context) error {
	return errors.Join(
		a.sealed("auth").renew(ctx, userKeys, 0),
		a.sealed("registry").renew(ctx, "", 0),
		a.sealed("hooks").renew(ctx, "", 0),
		a.sealed("undo").renew(ctx, "", a.cfg.Journal.Retention.Audit),
	)
}
