package ledger

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

func TestOpenSaysWhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(t.Context(), file, hclog.NewNullLogger()); err == nil {
		t.Errorf("a file is a folder: %v", l.Close())
	}
}

// TestAppend: what was acknowledged is in the journal after it was closed, masked.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(t.Context(), dir, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	const n = 100
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			err := l.Append(t.Context(), Entry{
				Began: time.Now(), Module: "bench", Action: "estimate", Status: 200, Phone: "89190000000", Message: "Привет", Sent: true,
				User: "user-1", IP: "127.0.0.1", RequestID: "00",
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error("closed twice: ", err)
	}
	if l, err = Open(t.Context(), dir, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if count, err := l.Recorded(t.Context()); err != nil || count != n {
		t.Errorf("%d records, %v; want %d", count, err, n)
	}
	for r, err := range l.journal.AllRequests(t.Context(), journal.Query{}) {
		if err != nil || r.Body != `{"phone":"8919***00","message":"(6 characters)"}` || r.User != "user-1" || r.Status != 200 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}
