package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

const pluginOfTest = "plugins/echo/file.bin"

// write makes a file below a folder.
func write(t *testing.T, folder, name, text string) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// backedUp is a backup with its key, and what must be in it; change is called before it
// is made.
func backedUp(t *testing.T, change func(data string)) (cfg *config.Config, file string, want []string) {
	t.Helper()
	cfg = rotationRig(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	want = fill(t, a)
	write(t, cfg.Gateway.Data, pluginOfTest, "bytes of a plugin")
	if change != nil {
		change(cfg.Gateway.Data)
	}
	var text bytes.Buffer
	if err := a.Backup(t.Context(), &text, true); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, file, want
}

// whole checks that a gateway starts on a folder and that everything is there.
func whole(t *testing.T, cfg *config.Config, data string, want []string) {
	t.Helper()
	restored := *cfg
	restored.Gateway.Data = data
	a, err := opened(t, &restored)
	defer closed(t, a)
	if err != nil {
		t.Fatal(err)
	}
	same(t, a, want)
	if text, err := os.ReadFile(filepath.Join(data, filepath.FromSlash(pluginOfTest))); err != nil || string(text) != "bytes of a plugin" {
		t.Errorf("%q, %v", text, err)
	}
}

func namesIn(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// restoredInPlace restores into a folder that is there and must stay.
func restoredInPlace(t *testing.T, cfg *config.Config, file, data string, want []string) {
	t.Helper()
	before, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(namesIn(t, data) + " plugins secret.key store")
	if _, err := Restore(t.Context(), file, data, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(data); err != nil || !os.SameFile(before, after) {
		t.Errorf("it is another folder: %v", err)
	}
	if got := namesIn(t, data); got != strings.Join(names, " ") {
		t.Errorf("it holds %s, want %s", got, names)
	}
	if others, err := filepath.Glob(filepath.Dir(data) + "/*"); err != nil || len(others) != 1 {
		t.Errorf("beside it: %v %v", others, err)
	}
	whole(t, cfg, data, want)
}

func TestRestoreIntoAFolderThatIsThere(t *testing.T) {
	cfg, file, want := backedUp(t, nil)
	t.Run("empty", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		restoredInPlace(t, cfg, file, data, want)
	})
	t.Run("lost+found", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		write(t, data, lostFound+"/#12", "found by fsck")
		if err := os.Chmod(filepath.Join(data, lostFound), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(data, lostFound), 0o700) })
		restoredInPlace(t, cfg, file, data, want)
		if text, err := os.ReadFile(filepath.Join(data, lostFound, "#12")); os.Geteuid() == 0 && (err != nil || string(text) != "found by fsck") {
			t.Errorf("what was in it: %q %v", text, err)
		}
	})
	for name, other := range map[string]string{"a file named lost+found": lostFound, "a file": "notes", "lost+found below": "plugins/" + lostFound + "/x"} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			write(t, data, other, "mine")
			before := namesIn(t, data)
			if _, err := Restore(t.Context(), file, data, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), "is not empty") {
				t.Errorf("%v", err)
			}
			if got := namesIn(t, data); got != before {
				t.Errorf("it holds %s, held %s", got, before)
			}
		})
	}
}

// TestRestoreFails: a folder that was empty is empty again.
func TestRestoreFails(t *testing.T) {
	_, file, _ := backedUp(t, nil)
	fresh := func(t *testing.T) string {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.MkdirAll(filepath.Join(data, lostFound), 0o700); err != nil {
			t.Fatal(err)
		}
		return data
	}
	t.Run("cancelled", func(t *testing.T) {
		data := fresh(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Restore(ctx, file, data, hclog.NewNullLogger()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if got := namesIn(t, data); got != lostFound {
			t.Errorf("it holds %s", got)
		}
	})
	// Somebody puts a file in the way while the backup is read.
	for _, other := range []string{"plugins/mine", keyFile, "store/mine"} {
		t.Run(other, func(t *testing.T) {
			data := fresh(t)
			r := extracted(t, file, data)
			write(t, data, other, "mine")
			if err := r.finish(); err == nil || !strings.Contains(err.Error(), "put there meanwhile") {
				t.Fatalf("%v", err)
			}
			if err := r.abandon(); err != nil {
				t.Error(err)
			}
			if got, want := namesIn(t, data), lostFound+" "+strings.Split(other, "/")[0]; got != want {
				t.Errorf("it holds %s, want %s", got, want)
			}
			if text, err := os.ReadFile(filepath.Join(data, other)); err != nil || string(text) != "mine" {
				t.Errorf("%q %v", text, err)
			}
		})
	}
}

// extracted is a restore before its end.
func extracted(t *testing.T, file, data string) *restoring {
	t.Helper()
	r, err := beginRestore(data)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := extract(t.Context(), f, r.folder, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRestoreInterrupted ends a restore after each of its steps, as a crash would.
func TestRestoreInterrupted(t *testing.T) {
	cfg, file, want := backedUp(t, nil)
	empty := func(t *testing.T) string {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		return data
	}
	// unusable checks that nobody takes a folder for data, and that it stays as it is.
	unusable := func(t *testing.T, data string) {
		t.Helper()
		before := namesIn(t, data)
		interrupted := *cfg
		interrupted.Gateway.Data = data
		a, err := opened(t, &interrupted)
		if err == nil || !strings.Contains(err.Error(), "a restore that was interrupted") {
			t.Errorf("the gateway: %v", err)
		}
		closed(t, a)
		found, err := (&Doctor{Config: &interrupted, Log: hclog.NewNullLogger()}).Examine(t.Context())
		if err != nil || !slices.ContainsFunc(found, func(f Finding) bool { return f.Severity == Damage && strings.HasPrefix(f.Where, restoringFolder) }) {
			t.Errorf("the doctor: %v %v", found, err)
		}
		if _, err := Restore(t.Context(), file, data, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), "then restore again") {
			t.Errorf("the next restore: %v", err)
		}
		if after := namesIn(t, data); after != before {
			t.Errorf("it holds %s, held %s", after, before)
		}
	}
	t.Run("begun", func(t *testing.T) {
		data := empty(t)
		if _, err := beginRestore(data); err != nil {
			t.Fatal(err)
		}
		unusable(t, data)
	})
	const parts = 3 // plugins, secret.key and the database
	for n := range parts + 1 {
		t.Run(fmt.Sprint("parts moved: ", n), func(t *testing.T) {
			data := empty(t)
			r := extracted(t, file, data)
			names, err := r.parts()
			if err != nil || len(names) != parts {
				t.Fatalf("%q %v", names, err)
			}
			if err := r.move(names[:n]); err != nil {
				t.Fatal(err)
			}
			if n < parts {
				unusable(t, data)
			} else {
				whole(t, cfg, data, want)
			}
		})
	}
	t.Run("followed as it says", func(t *testing.T) {
		data := empty(t)
		extracted(t, file, data)
		entries, err := os.ReadDir(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(data, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		restoredInPlace(t, cfg, file, data, want)
	})
}

// TestBackupWithoutLostFound: the file system's own folder is neither backed up nor, from
// a backup that has it, restored.
func TestBackupWithoutLostFound(t *testing.T) {
	below := "plugins/" + lostFound + "/x"
	cfg, file, want := backedUp(t, func(data string) {
		write(t, data, below, "a plugin's")
		write(t, data, lostFound+"/#12", "found by fsck")
		if err := os.Chmod(filepath.Join(data, lostFound), 0); err != nil { // for those who are not root
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(data, lostFound), 0o700) })
	})
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	names := entriesOf(t, f)
	if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, lostFound) }) || !slices.Contains(names, below) {
		t.Errorf("the backup holds %q", names)
	}

	var text bytes.Buffer
	w, err := backupfile.NewWriter(&text, backupfile.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r, err := backupfile.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(backupfile.Entry{Name: lostFound + "/#12"}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("found by fsck"))
	for e, err := r.Next(); !errors.Is(err, io.EOF); e, err = r.Next() {
		if err = errors.Join(err, w.Begin(e)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "older")
	if err := os.WriteFile(older, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(filepath.Join(data, lostFound), 0o700); err != nil {
		t.Fatal(err)
	}
	restoredInPlace(t, cfg, older, data, want)
	if got := namesIn(t, filepath.Join(data, lostFound)); got != "" {
		t.Errorf("lost+found holds %s", got)
	}
}
