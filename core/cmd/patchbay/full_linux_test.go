package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestDiskFull fills the file system under a gateway that is being used. It says
// 503 with an id, is not ready, goes on by itself, and has recorded exactly what it
// answered for.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	s := newShell(t, shortFolder(t))
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("patchbay-test", s.data, "tmpfs", 0, "size=160m,mode=0700"); err != nil {
		t.Skipf("no small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(s.data, 0); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "store {\n  cache   = \"32MiB\"\n  reserve = \"64MiB\"\n}\n"...)
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	base, stop := s.serve(nil)
	defer stop()

	var answered, refused atomic.Int64
	over := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				switch status := login(base, n); {
				case status == http.StatusServiceUnavailable:
					refused.Add(1)
				case status != 0:
					answered.Add(1)
				}
			}
		})
	}
	await(t, func() bool { return answered.Load() > 50 })
	if r := get(t, base+"/readyz"); r.status != http.StatusOK {
		t.Errorf("before: %+v", r)
	}
	filler := filepath.Join(s.data, "filler")
	fill(t, filler)
	await(t, func() bool { return refused.Load() > 50 })
	r := get(t, base+"/readyz")
	if r.status != http.StatusServiceUnavailable || !strings.Contains(r.text, "the disk is full") {
		t.Errorf("readyz: %+v", r)
	}
	one := post(t, base+"/login/auth", `{"login":"nobody","password":"wrong"}`)
	if one.status != http.StatusServiceUnavailable || !regexp.MustCompile(`"id":"[0-9a-f]{10}"`).MatchString(one.text) || one.retry == "" {
		t.Errorf("while it is full: %+v", one)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	before := answered.Load()
	await(t, func() bool { return answered.Load() > before+50 })
	await(t, func() bool { return get(t, base+"/readyz").status == http.StatusOK })
	close(over)
	wg.Wait()
	stop()
	if got := int64(len(rows(t, s.data))); got != answered.Load() {
		t.Errorf("%d records, %d were answered", got, answered.Load())
	}
	if code, out, errs := s.command("doctor"); code != exitOK {
		// Free space is below what is usual on so small a file system.
		if strings.Count(out, "DAMAGE") != 1 || !strings.Contains(out, "DAMAGE   free space") {
			t.Errorf("doctor: %d %s%s", code, out, errs)
		}
	}
}

// fill writes until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var st syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &st); err != nil {
		t.Fatal(err)
	}
	// Not the last bytes: what the database has begun to write must fit.
	left := int64(st.Bavail)*st.Bsize - 40<<20
	if _, err := io.CopyN(f, zeros{}, left); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type answer struct {
	status int
	text   string
	retry  string
}

func read(t *testing.T, r *http.Response, err error) answer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r.StatusCode, string(text), r.Header.Get("Retry-After")}
}

func get(t *testing.T, url string) answer {
	t.Helper()
	r, err := http.Get(url)
	return read(t, r, err)
}

func post(t *testing.T, url, body string) answer {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	return read(t, r, err)
}
