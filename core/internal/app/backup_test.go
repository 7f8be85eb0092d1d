package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

// TestBackupLeavesKeysOut: a key that a crash left under another name is one, too.
func TestBackupLeavesKeysOut(t *testing.T) {
	cfg := rotationRig(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	key, err := os.ReadFile(filepath.Join(cfg.Gateway.Data, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".key4711", keyFile + ".old", "kept"} {
		if err := os.WriteFile(filepath.Join(cfg.Gateway.Data, name), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := a.Backup(t.Context(), &file, false); err != nil {
		t.Fatal(err)
	}
	names := entriesOf(t, &file)
	if got := strings.Join(names, " "); got != "store kept" {
		t.Errorf("the backup without a key holds %s", got)
	}
}

// entriesOf are the names in a backup.
func entriesOf(t *testing.T, file io.Reader) (names []string) {
	t.Helper()
	r, err := backupfile.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name)
	}
}

// TestBackupBesideRotation: the key file of a backup opens the database of the backup.
func TestBackupBesideRotation(t *testing.T) {
	cfg := rotationRig(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	want := fill(t, a)
	ctx, stop := context.WithCancel(t.Context())
	var rotation sync.WaitGroup
	rotation.Go(func() {
		for ctx.Err() == nil {
			if _, err := a.rotateKey(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var files [12]bytes.Buffer
	for i := range files {
		if err := a.Backup(t.Context(), &files[i], true); err != nil {
			t.Error(err)
		}
	}
	stop()
	rotation.Wait()
	for i := range files {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, files[i].Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		restored := *cfg
		restored.Gateway.Data = filepath.Join(t.TempDir(), "data")
		if _, err := Restore(t.Context(), path, restored.Gateway.Data, a.log); err != nil {
			t.Fatal(err)
		}
		b, err := opened(t, &restored)
		if err != nil {
			t.Errorf("backup %d: %v", i, err)
		} else {
			same(t, b, want)
		}
		closed(t, b)
	}
}

// TestBackupsOneAtATime: a second one does not take the files from under the first.
func TestBackupsOneAtATime(t *testing.T) {
	a, err := opened(t, rotationRig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	noise := make([]byte, 1<<20) // more than is buffered, and nothing compresses it
	_, _ = rand.Read(noise)
	text := base64.StdEncoding.EncodeToString(noise)
	if err := a.store.Prefix("hooks").Put([]byte("x"), a.ring.Seal("hooks/x", []byte(text)), 0); err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	first := make(chan error, 1)
	go func() {
		err := a.Backup(t.Context(), writer, true)
		first <- errors.Join(err, writer.Close())
	}()
	head := make([]byte, 1)
	if _, err := io.ReadFull(reader, head); err != nil {
		t.Fatal(err)
	}
	if err := a.Backup(t.Context(), io.Discard, true); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("the second: %v", err)
	}
	if _, err := backupfile.Verify(io.MultiReader(bytes.NewReader(head), reader)); err != nil {
		t.Errorf("what the first wrote: %v", err)
	}
	_, _ = io.Copy(io.Discard, reader)
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if err := a.Backup(t.Context(), io.Discard, true); err != nil {
		t.Errorf("behind it: %v", err)
	}
}
