package httpcall_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// all takes every free descriptor and gives them back: how many there are.
func all(b *descriptors.Budget) (n int) {
	for b.Take() {
		n++
	}
	for range n {
		b.Give()
	}
	return n
}

// TestDescriptors: with all descriptors in use an exchange waits for one of another
// exchange and is no error; unused connections to others go first.
func TestDescriptors(t *testing.T) {
	files := descriptors.New(2)
	r := newRig(t, httpcall.PoolOptions{Descriptors: files})
	open, came := make(chan struct{}), make(chan struct{}, 10)
	slow := func(w http.ResponseWriter, _ *http.Request) {
		came <- struct{}{}
		<-open
	}
	r.serve("slow.test", "80", slow)
	r.serve("quick.test", "80", func(http.ResponseWriter, *http.Request) {})
	c := r.client(plain("slow.test", "quick.test"), httpcall.Limits{})
	good(t, c, abi.HTTPRequest{URL: "http://quick.test/"}) // and the connection is kept
	if n := all(files); n != 1 {
		t.Fatalf("%d of 2 are free beside a kept connection", n)
	}
	var wg sync.WaitGroup
	var done atomic.Int32
	for range 2 {
		wg.Go(func() {
			if _, f := fetch(t, c, abi.HTTPRequest{URL: "http://slow.test/"}); f != nil {
				t.Errorf("%+v", f)
			}
			done.Add(1)
		})
	}
	<-came
	<-came // both are there: the kept connection made room
	refused, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, f := fetchIn(t, refused, c, abi.HTTPRequest{Method: "POST", URL: "http://quick.test/"}); f == nil || f.Code != abi.CodeTimeout ||
		f.Sent || !strings.Contains(f.Detail, "the limit of open files") {
		t.Errorf("without hope: %+v", f)
	}
	wg.Go(func() {
		if _, f := fetch(t, c, abi.HTTPRequest{URL: "http://quick.test/"}); f != nil {
			t.Errorf("%+v", f)
		}
		if done.Load() == 0 {
			t.Error("it did not wait")
		}
	})
	for end := time.Now().Add(patience); !files.Short(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody waits")
		}
	}
	close(open)
	wg.Wait()
	r.pool.CloseIdle()
	if n := all(files); n != 2 {
		t.Errorf("%d of 2 are free at the end", n)
	}
}

// TestDescriptorsComeBack: from dials that fail, answers that end badly, and kept
// connections that the other side ended.
func TestDescriptorsComeBack(t *testing.T) {
	files := descriptors.New(1)
	r := newRig(t, httpcall.PoolOptions{Descriptors: files})
	r.dns.names["nowhere.test"] = []string{publicIP}
	r.serve("bad.test", "80", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("this is no HTTP\r\n\r\n"))
		_ = conn.Close()
	})
	r.serve("plain.test", "443", func(http.ResponseWriter, *http.Request) {})
	good := r.serve("good.test", "80", func(http.ResponseWriter, *http.Request) {})
	c := r.client(plain("nowhere.test", "bad.test", "plain.test", "good.test"), httpcall.Limits{})
	for _, url := range []string{"http://nowhere.test/", "http://bad.test/", "https://plain.test/", "http://good.test/"} {
		for range 3 {
			_, f := fetch(t, c, abi.HTTPRequest{URL: url})
			if bad := !strings.Contains(url, "good"); bad != (f != nil) {
				t.Errorf("%s: %+v", url, f)
			}
		}
		good.CloseClientConnections()
	}
	r.pool.CloseIdle()
	if n := all(files); n != 1 {
		t.Errorf("%d of 1 are free at the end", n)
	}
}

// TestDescriptorsHammer: far more exchanges than descriptors, with several origins and
// callers that give up; all others are answered.
func TestDescriptorsHammer(t *testing.T) {
	const size = 5
	files := descriptors.New(size)
	r := newRig(t, httpcall.PoolOptions{Descriptors: files, IdlePerHost: 2, IdleTotal: 4})
	hosts := []string{"a.test", "b.test", "c.test"}
	var open, most atomic.Int32
	for _, h := range hosts {
		r.serve(h, "80", func(http.ResponseWriter, *http.Request) {
			if n := open.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(100 * time.Microsecond)
			open.Add(-1)
		})
	}
	c := r.client(plain(hosts...), httpcall.Limits{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for j := range 25 {
				ctx := t.Context()
				if i%8 == 0 {
					short, stop := context.WithTimeout(ctx, time.Duration(j)*40*time.Microsecond)
					defer stop()
					ctx = short
				}
				if _, f := fetchIn(t, ctx, c, abi.HTTPRequest{URL: "http://" + hosts[(i+j)%3] + "/"}); f != nil && i%8 != 0 {
					t.Errorf("%+v", f)
				}
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n > size {
		t.Errorf("%d requests at once with %d descriptors", n, size)
	}
	r.pool.CloseIdle()
	// A dial that its caller left ends by itself.
	for end := time.Now().Add(patience); all(files) != size; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d are free at the end", all(files), size)
		}
	}
}
