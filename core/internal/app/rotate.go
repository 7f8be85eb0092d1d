package app

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
)

// rotateKey replaces the key that the secrets in the store are sealed with, while they
// are used. Each step leaves a store that the key file opens, after a power cut too: a
// crash in between is made good by the next start, which seals the rest with the new
// key, or by the next rotation. It returns how many values were sealed anew.
func (a *App) rotateKey(ctx context.Context) (int, error) {
	if !a.config().Gateway.SecretKey.IsZero() {
		return 0, admin.Reject("secret_key", admin.Violation{Message: "the key comes from gateway.secret_key: put a new line in front of the old ones there " +
			"(`openssl rand -base64 32`), start the gateway, then take the old lines out"})
	}
	a.rotating.Lock()
	defer a.rotating.Unlock()
	next, err := a.beginRotation()
	if err != nil {
		return 0, err
	}
	n, err := a.renewSeals(ctx)
	if err != nil {
		return n, fmt.Errorf("%d secrets are sealed with the new key, others are not; both keys stay in the key file, so nothing is lost: rotate again: %w", n, err)
	}
	if err := a.store.Sync(); err != nil {
		return n, fmt.Errorf("%d secrets are sealed with the new key, but the disk does not confirm that they are written; both keys stay in the key file, so nothing is lost: "+
			"see to the disk, then rotate again: %w", n, err)
	}
	return n, a.endRotation(next)
}

func (a *App) keyPath() string { return filepath.Join(a.config().Gateway.Data, keyFile) }

// beginRotation puts a new key in front of those of the file, and into force.
func (a *App) beginRotation() (next []byte, err error) {
	old, err := seal.Load(a.keyPath(), false)
	if err != nil {
		return nil, err
	}
	if len(old) == 0 {
		return nil, fmt.Errorf("there is no key file %s; restore it from its backup", a.keyPath())
	}
	next = seal.NewKey()
	keys := append([][]byte{next}, old...)
	if err := seal.Save(a.keyPath(), keys...); err != nil {
		return nil, err
	}
	return next, a.ring.Replace(keys...)
}

// endRotation forgets the old keys; nothing is sealed with them any more, on the disk
// either.
func (a *App) endRotation(next []byte) error {
	if err := seal.Save(a.keyPath(), next); err != nil {
		return err
	}
	return a.ring.Replace(next)
}

// adoptKeys brings everything to the newest key when the gateway starts. Once it runs,
// the operator may take older keys away, so that must outlive a power cut.
func (a *App) adoptKeys(ctx context.Context) error {
	n, err := a.renewSeals(ctx)
	if err != nil {
		return fmt.Errorf("secrets in the store: %w", err)
	}
	if n == 0 {
		return nil
	}
	if err := a.store.Sync(); err != nil {
		return fmt.Errorf("%d secrets in the store are sealed with the newest key, but the disk does not confirm that they are written; keep the older keys, see to the disk, then start again: %w", n, err)
	}
	return nil
}
