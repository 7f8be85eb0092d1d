package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
)

// keysOf reads the key file of a data folder.
func keysOf(t *testing.T, cfg *config.Config) [][]byte {
	t.Helper()
	keys, err := seal.Load(filepath.Join(cfg.Gateway.Data, keyFile), false)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sealedWith counts the values in the store by the key that they are sealed with.
func sealedWith(t *testing.T, a *App, keys ...[]byte) []int {
	t.Helper()
	out := make([]int, len(keys))
	for i, k := range keys {
		ring, err := seal.New(k)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range a.sealedParts() {
			err := p.view.view.Scan(t.Context(), prefixRange([]byte(p.prefix)), func(key, raw []byte) error {
				if _, current, err := ring.Open(p.view.place(string(key)), raw); err == nil && current {
					out[i]++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

func rotationRig(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Gateway.Data = t.TempDir()
	cfg.Auth.Argon2 = config.Argon2{Memory: 7 << 20, Time: 1, Parallelism: 1}
	return cfg
}

const hooksOfTest = 50

// fill makes webhook secrets and returns them.
func fill(t *testing.T, a *App) []string {
	t.Helper()
	out := make([]string, hooksOfTest)
	for i := range out {
		secret, err := a.hooks.get(fmt.Sprint("hook-", i), true)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = secret
	}
	return out
}

func same(t *testing.T, a *App, want []string) {
	t.Helper()
	fresh := newHookKeys(a.sealed("hooks")) // nothing from memory
	for i, secret := range want {
		if got, err := fresh.get(fmt.Sprint("hook-", i), false); err != nil || got != secret {
			t.Fatalf("hook %d: %q %v, want %q", i, got, err, secret)
		}
	}
}

func TestRotateKey(t *testing.T) {
	cfg := rotationRig(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := fill(t, a)
	old := keysOf(t, cfg)[0]

	// Others write while it goes on, and nothing of theirs is lost.
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var last [4]string
	for w := range last {
		writers.Go(func() {
			for ctx.Err() == nil {
				name := fmt.Sprint("busy-", w)
				if err := a.hooks.rotate(name); err != nil {
					t.Error(err)
					return
				}
				last[w], _ = a.hooks.get(name, false)
			}
		})
	}
	for range 5 {
		if n, err := a.rotateKey(t.Context()); err != nil || n < hooksOfTest {
			t.Fatalf("%d sealed, %v", n, err)
		}
	}
	stop()
	writers.Wait()
	keys := keysOf(t, cfg)
	if len(keys) != 1 || bytes.Equal(keys[0], old) {
		t.Fatalf("%d keys in the file", len(keys))
	}
	if n := sealedWith(t, a, keys[0], old); n[0] < hooksOfTest+len(last) || n[1] != 0 {
		t.Errorf("sealed with the new and the old key: %d", n)
	}
	closed(t, a)
	if a, err = opened(t, cfg); err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	same(t, a, want)
	for w, secret := range last {
		if got, err := a.hooks.get(fmt.Sprint("busy-", w), false); err != nil || got != secret {
			t.Errorf("writer %d: %q %v, want %q", w, got, err, secret)
		}
	}
}

// TestRotationInterrupted ends a rotation after each of its steps, as a crash would.
func TestRotationInterrupted(t *testing.T) {
	for name, until := range map[string]func(t *testing.T, a *App){
		"behind the new key": func(t *testing.T, a *App) {},
		"after some values": func(t *testing.T, a *App) {
			v := a.sealed("hooks")
			for i := range hooksOfTest / 2 {
				if err := v.renewOne(fmt.Sprint("hook-", i), 0); err != nil {
					t.Fatal(err)
				}
			}
		},
		"after all values": func(t *testing.T, a *App) {
			if _, err := a.renewSeals(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := rotationRig(t)
			a, err := opened(t, cfg)
			if err != nil {
				t.Fatal(err)
			}
			want, old := fill(t, a), keysOf(t, cfg)[0]
			next, err := a.beginRotation()
			if err != nil {
				t.Fatal(err)
			}
			until(t, a)
			closed(t, a)
			if keys := keysOf(t, cfg); len(keys) != 2 || !bytes.Equal(keys[0], next) || !bytes.Equal(keys[1], old) {
				t.Fatalf("the file has %d keys", len(keys))
			}
			// The next start makes it good, the next rotation forgets both keys.
			if a, err = opened(t, cfg); err != nil {
				t.Fatal(err)
			}
			defer func() { closed(t, a) }()
			same(t, a, want)
			if n := sealedWith(t, a, next, old); n[0] < hooksOfTest || n[1] != 0 {
				t.Errorf("sealed with the new and the old key: %d", n)
			}
			if _, err := a.rotateKey(t.Context()); err != nil || len(keysOf(t, cfg)) != 1 {
				t.Errorf("the next rotation: %v, %d keys", err, len(keysOf(t, cfg)))
			}
			same(t, a, want)
		})
	}
}

// TestRotateOffline goes through the door that the command uses.
func TestRotateOffline(t *testing.T) {
	cfg := rotationRig(t)
	rotate := func() (int, string) {
		t.Helper()
		o, err := OpenOffline(t.Context(), cfg, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return o.Dial() }}}
		p, err := client.Post("http://local"+admin.Prefix+"/secrets/rotate", "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(p.Body)
		_ = p.Body.Close()
		client.CloseIdleConnections()
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.StatusCode, body.String()
	}
	status, text := rotate()
	var answer admin.Rotated
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 200 || answer.Sealed < 1 || len(keysOf(t, cfg)) != 1 {
		t.Errorf("%d %s", status, text)
	}
	// A key of the configuration is the operator's to change.
	cfg.Gateway.SecretKey = config.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)))
	before := keysOf(t, cfg)
	if status, text := rotate(); status != 422 || !strings.Contains(text, "gateway.secret_key") {
		t.Errorf("%d %s", status, text)
	}
	if after := keysOf(t, cfg); !bytes.Equal(before[0], after[0]) {
		t.Error("the key file was changed all the same")
	}
}

// TestRotationNotConfirmed: when the disk does not confirm what is sealed anew, the old
// key stays.
func TestRotationNotConfirmed(t *testing.T) {
	cfg := rotationRig(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, a) }()
	want, old := fill(t, a), keysOf(t, cfg)[0]
	// An open database does without its folder for a while, and Sync does not.
	folder := filepath.Join(cfg.Gateway.Data, storeFolder)
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	n, err := a.rotateKey(t.Context())
	if err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "both keys stay in the key file") || n < hooksOfTest {
		t.Errorf("%d sealed, %v", n, err)
	}
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	if keys := keysOf(t, cfg); len(keys) != 2 || !bytes.Equal(keys[1], old) {
		t.Fatalf("%d keys in the file", len(keys))
	}
	same(t, a, want)
	if _, err := a.rotateKey(t.Context()); err != nil || len(keysOf(t, cfg)) != 1 {
		t.Errorf("the next rotation: %v, %d keys", err, len(keysOf(t, cfg)))
	}
	same(t, a, want)
	closed(t, a)
	if a, err = opened(t, cfg); err != nil {
		t.Fatal(err)
	}
	same(t, a, want)
}
