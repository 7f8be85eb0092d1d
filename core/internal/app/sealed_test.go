package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
)

// opened is the data of a gateway.
func opened(t *testing.T, cfg *config.Config) (*App, error) {
	t.Helper()
	a := &App{cfg: cfg, log: hclog.NewNullLogger(), registry: registry.New()}
	return a, a.openData(t.Context())
}

func closed(t *testing.T, a *App) {
	t.Helper()
	if err := a.release(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// inStore reports whether a text can be read anywhere in the files of the store.
func inStore(t *testing.T, folder, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(filepath.Join(folder, "store"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		found = found || bytes.Contains(raw, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSecretsAreSealedInTheStore(t *testing.T) {
	const secret = "panel-secret-4711"
	cfg := config.Default()
	cfg.Gateway.Data = t.TempDir()
	cfg.Auth.Argon2 = config.Argon2{Memory: 7 << 20, Time: 1, Parallelism: 1}

	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.states.Update(registry.AnyVersion, time.Now(), func(s *registry.State) error {
		s.Providers = map[string]registry.ProviderState{"p": {Plugin: "x", Settings: map[string]any{"password": secret}}}
		return nil
	}, func(*registry.State) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := a.store.Prefix("unsealed").Put([]byte("key"), []byte("can be read"), 0); err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	if !inStore(t, cfg.Gateway.Data, "can be read") {
		t.Fatal("the files of the store do not show what was written: nothing below would prove anything")
	}
	if inStore(t, cfg.Gateway.Data, secret) {
		t.Error("the password of a provider can be read")
	}

	file := filepath.Join(cfg.Gateway.Data, keyFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v %v", info, err)
	}
	read := func(a *App) string {
		t.Helper()
		password, _ := a.states.Get().Providers["p"].Settings["password"].(string)
		return password
	}
	a, err = opened(t, cfg)
	if err != nil || read(a) != secret {
		t.Fatalf("%v", err)
	}
	if err := a.auth.SetPassword(t.Context(), auth.AdminLogin, "a new password", false); err != nil {
		t.Fatal(err)
	}
	e, err := a.auth.BeginSecondFactor(t.Context(), auth.AdminLogin, "a new password", netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	if inStore(t, cfg.Gateway.Data, e.Secret) {
		t.Error("the secret of a second factor can be read")
	}

	// Rotation: a new key in front, then without the old one.
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	next := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)) + "\n"
	for _, text := range []string{next + string(old), next} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := opened(t, cfg)
		if err != nil || read(a) != secret {
			t.Fatalf("with %d bytes of keys: %v", len(text), err)
		}
		closed(t, a)
	}

	// What somebody writes into the store without the key is not believed.
	if a, err = opened(t, cfg); err != nil {
		t.Fatal(err)
	}
	view := a.store.Prefix("registry")
	kept, err := view.Get([]byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Put([]byte("state"), []byte(`{"version":9}`), 0); err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	if a, err = opened(t, cfg); !errors.Is(err, seal.ErrDamaged) || !strings.Contains(err.Error(), "registry") {
		t.Errorf("a state that nobody sealed: %v", err)
	}
	if err := a.store.Prefix("registry").Put([]byte("state"), kept, 0); err != nil {
		t.Fatal(err)
	}
	closed(t, a)

	// The key of the configuration comes first; without any key nothing opens.
	cfg.Gateway.SecretKey = config.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)))
	if a, err = opened(t, cfg); err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if a, err = opened(t, cfg); err != nil || read(a) != secret {
		t.Fatalf("with the key of the configuration alone: %v", err)
	}
	closed(t, a)
	cfg.Gateway.SecretKey = config.Secret{}
	a, err = opened(t, cfg)
	if !errors.Is(err, seal.ErrNoKey) || !strings.Contains(err.Error(), "registry") {
		t.Errorf("without the key: %v", err)
	}
	closed(t, a)
}
