package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/seal"
)

func ring(t testing.TB, seeds ...byte) *seal.Ring {
	t.Helper()
	var keys [][]byte
	for _, s := range seeds {
		keys = append(keys, bytes.Repeat([]byte{s}, 32))
	}
	r, err := seal.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealed(t *testing.T) {
	r := ring(t, 1)
	secret := []byte(`{"password":"p"}`)
	sealed := r.Seal("registry/state", secret)
	if bytes.Contains(sealed, []byte("password")) || bytes.Equal(sealed, r.Seal("registry/state", secret)) {
		t.Error("it can be read, or recognised")
	}
	value, current, err := r.Open("registry/state", sealed)
	if err != nil || !current || !bytes.Equal(value, secret) {
		t.Fatalf("%q %t %v", value, current, err)
	}
	if _, _, err := r.Open("registry/other", sealed); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("moved to another place: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if value, _, err := r.Open("registry/state", changed); err == nil {
			t.Fatalf("a change of byte %d is not noticed: %q", i, value)
		}
	}
	for n := range sealed {
		if value, _, err := r.Open("registry/state", sealed[:n]); !errors.Is(err, seal.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %q %v", n, value, err)
		}
	}
	// What was put there without the key is not believed.
	if value, _, err := r.Open("registry/state", secret); !errors.Is(err, seal.ErrDamaged) || value != nil {
		t.Errorf("never sealed: %q %v", value, err)
	}
	if value, current, err := r.Open("x", r.Seal("x", nil)); len(value) != 0 || !current || err != nil {
		t.Errorf("%q %t %v", value, current, err)
	}
}

func TestRotation(t *testing.T) {
	old, both, next := ring(t, 1), ring(t, 2, 1), ring(t, 2)
	sealed := old.Seal("x", []byte("v"))
	if value, current, err := both.Open("x", sealed); string(value) != "v" || current || err != nil {
		t.Errorf("%q %t %v", value, current, err)
	}
	if _, _, err := next.Open("x", sealed); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("%v", err)
	}
	if value, current, err := next.Open("x", both.Seal("x", []byte("v"))); string(value) != "v" || !current || err != nil {
		t.Errorf("%q %t %v", value, current, err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if keys, err := seal.Load(path, false); keys != nil || err != nil {
		t.Errorf("%v %v", keys, err)
	}
	made, err := seal.Load(path, true)
	if err != nil || len(made) != 1 {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	again, err := seal.Load(path, true)
	if err != nil || !bytes.Equal(again[0], made[0]) {
		t.Errorf("it is another key: %v", err)
	}
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for text, want := range map[string]string{
		"":                         "holds no key",
		"# only words\n":           "holds no key",
		"short\n":                  "line 1",
		good + "\n" + good[:20]:    "line 2",
		good + "\n# old\n" + good:  "",
		"\n\n  " + good + "  \r\n": "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Load(path, true)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(path, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
	if _, err := seal.New(); err == nil {
		t.Error("a ring without keys")
	}
	if _, err := seal.New([]byte("short")); err == nil {
		t.Error("a short key")
	}
}

func FuzzOpen(f *testing.F) {
	r := ring(f, 1, 2)
	f.Add([]byte("{}"))
	f.Add(r.Seal("x", []byte("v")))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if value, _, err := r.Open("x", sealed); err == nil && string(value) != "v" {
			t.Errorf("forged: %q", sealed)
		}
	})
}
