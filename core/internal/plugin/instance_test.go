package plugin_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var answer = func() []byte {
	p := abi.HTTPResponse{Status: 200}
	return abi.AppendAnswer(nil, nil, p.Append(nil))
}()

// granted grants http_fetch; it tells came and waits for open when they are given.
func granted(came chan<- struct{}, open <-chan struct{}) map[string]wasm.Operation {
	return map[string]wasm.Operation{abi.OpHTTPFetch: {Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		if came != nil {
			came <- struct{}{}
			select {
			case <-open:
			case <-ctx.Done():
			}
		}
		return append(dst, answer...)
	}}}
}

func spec(tb testing.TB, code []byte, grants map[string]wasm.Operation) plugin.Spec {
	tb.Helper()
	return plugin.Spec{Name: "mts", Package: pack(tb, code, manifestOf("demo")), Granted: grants, Log: hclog.NewNullLogger()}
}

func do(ctx context.Context, i *plugin.Instance, name string) error {
	r, err := i.Do(ctx, &abi.Request{Kind: abi.Action, Name: name}, 0)
	if err == nil {
		r.Release()
	}
	return err
}

func wantState(tb testing.TB, i *plugin.Instance, want plugin.State, reason string) plugin.Status {
	tb.Helper()
	s := i.Status()
	if s.State != want || !strings.Contains(s.Reason, reason) || reason == "" && s.Reason != "" {
		tb.Fatalf("state %q (%q), want %q (%q)", s.State, s.Reason, want, reason)
	}
	return s
}

func wantNotReady(tb testing.TB, err error, reason string) {
	tb.Helper()
	var notReady *wasm.NotReadyError
	if !errors.As(err, &notReady) || !strings.Contains(notReady.Reason, reason) || notReady.After <= 0 {
		tb.Fatalf("%v, want not ready: %q", err, reason)
	}
}

func TestLife(t *testing.T) {
	h := plugin.NewHost(guest.Engine(t))
	i := h.NewInstance(spec(t, small(), granted(nil, nil)))
	if i.Name() != "mts" || i.Package().Manifest.ID != "demo" {
		t.Errorf("%s, %s", i.Name(), i.Package().Manifest.ID)
	}
	wantState(t, i, plugin.StateVerified, "")
	wantNotReady(t, do(t.Context(), i, "x"), "verified")
	for range 2 { // starting a warm instance does nothing
		if err := i.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := wantState(t, i, plugin.StateWarm, ""); s.Stats.Guests != 1 {
			t.Errorf("%+v", s.Stats)
		}
	}
	for _, name := range []string{"x", "fetch"} {
		if err := do(t.Context(), i, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := i.Status(); s.Stats.Tasks != 2 || s.Stats.Failures != 0 || s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
	for range 2 {
		if err := i.Supersede(t.Context()); err != nil {
			t.Error(err)
		}
		wantState(t, i, plugin.StateRemoved, "")
	}
	if err := do(t.Context(), i, "x"); !errors.Is(err, wasm.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := i.Start(t.Context()); !errors.Is(err, wasm.ErrClosed) {
		t.Errorf("%v", err)
	}
	if n := h.Programs(); n != 0 {
		t.Errorf("%d programs are left", n)
	}
}

func TestUngranted(t *testing.T) {
	h := plugin.NewHost(guest.Engine(t))
	i := h.NewInstance(spec(t, small(), nil))
	const want = "it needs http_fetch, which is not granted; add the capability to the grant of mts"
	if err := i.Start(t.Context()); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	wantState(t, i, plugin.StateFailed, want)
	wantNotReady(t, do(t.Context(), i, "x"), want)
	if err := i.Supersede(t.Context()); err != nil || h.Programs() != 0 {
		t.Errorf("%v, %d programs", err, h.Programs())
	}
}

// TestFailedStart: the reason is visible, a second start begins afresh, and nothing
// of the failed one stays.
func TestFailedStart(t *testing.T) {
	h := plugin.NewHost(guest.Engine(t))
	refusal := (&abi.Error{Code: abi.CodeInternal, Detail: "url: it must begin with https"}).Append(nil)
	for name, c := range map[string]struct {
		asm  guest.Asm
		want string
	}{
		"settings": {guest.Asm{
			Data:  map[uint32][]byte{guest.FreeAt: refusal},
			Start: guest.Body(guest.ReplyWith(guest.FreeAt, len(refusal)), guest.Const(int(abi.Failed))),
		}, "the plugin refuses its settings: url: it must begin with https"},
		"contract": {guest.Asm{Version: 2}, "the plugin speaks contract version 2, this gateway speaks 1"},
		"compile":  {guest.Asm{Cancel: []byte{0x1a, 0x0b}}, "compile: "},
	} {
		t.Run(name, func(t *testing.T) {
			i := h.NewInstance(spec(t, c.asm.Bytes(), nil))
			for range 3 {
				if err := i.Start(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%v, want %q", err, c.want)
				}
				wantState(t, i, plugin.StateFailed, c.want)
			}
			wantNotReady(t, do(t.Context(), i, "x"), c.want)
			if n := h.Programs(); n > 1 {
				t.Errorf("%d programs", n)
			}
			if err := i.Supersede(t.Context()); err != nil || h.Programs() != 0 {
				t.Errorf("%v, %d programs", err, h.Programs())
			}
		})
	}
}

// TestFileThatChanged starts from a catalogue, which does not keep the code: the
// file is read again, and another file under the name is another plugin.
func TestFileThatChanged(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "demo.wasm")
	write := func(p *plugin.Package) {
		if err := os.WriteFile(path, p.Code, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pack(t, small(), manifestOf("demo")))
	found := library(folder).Catalogue().Find("demo")
	h := plugin.NewHost(guest.Engine(t))
	start := func() error {
		i := h.NewInstance(plugin.Spec{Name: "mts", Package: found, Granted: granted(nil, nil), Log: hclog.NewNullLogger()})
		t.Cleanup(func() { _ = i.Supersede(context.Background()) })
		return i.Start(t.Context())
	}
	write(pack(t, guest.Asm{}.Bytes(), manifestOf("demo")))
	if err := start(); err == nil || !strings.Contains(err.Error(), "the file is not the one that was verified") {
		t.Errorf("a changed file: %v", err)
	}
	write(pack(t, small(), manifestOf("demo")))
	if err := start(); err != nil {
		t.Errorf("the same file again: %v", err)
	}
}

func TestCrashIsVisible(t *testing.T) {
	i := plugin.NewHost(guest.Engine(t)).NewInstance(spec(t, small(), granted(nil, nil)))
	if err := i.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Supersede(context.Background()); err != nil {
			t.Error(err)
		}
	})
	backedOff := false
	for crashes := 0; crashes < 3; {
		var dead *wasm.DeadError
		var notReady *wasm.NotReadyError
		switch err := do(t.Context(), i, "crash"); {
		case errors.As(err, &dead):
			crashes++
		case errors.As(err, &notReady):
			if s := i.Status(); s.State == plugin.StateBackingOff {
				backedOff = true
				if s.Reason != "wasm error: unreachable" || s.Until.IsZero() {
					t.Errorf("%+v", s)
				}
			}
			time.Sleep(time.Millisecond)
		default:
			t.Fatal(err)
		}
	}
	if !backedOff {
		t.Error("it never backed off")
	}
	for i.Status().State != plugin.StateWarm {
		time.Sleep(time.Millisecond)
	}
	wantState(t, i, plugin.StateWarm, "crashed before: wasm error: unreachable")
	if err := do(t.Context(), i, "x"); err != nil {
		t.Error(err)
	}
}

// TestSupersedeWhileTasksRun: the old version ends what it has begun while the new
// one serves; both share the machine code until the last is gone.
func TestSupersedeWhileTasksRun(t *testing.T) {
	const tasks = 20
	h := plugin.NewHost(guest.Engine(t))
	came, open := make(chan struct{}, tasks), make(chan struct{})
	old := h.NewInstance(spec(t, small(), granted(came, open)))
	next := h.NewInstance(spec(t, small(), granted(nil, nil)))
	other := h.NewInstance(spec(t, guest.Asm{}.Bytes(), nil))
	for _, i := range []*plugin.Instance{old, next, other} {
		if err := i.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.Programs(); n != 2 {
		t.Errorf("%d programs of 2 files", n)
	}
	var wg sync.WaitGroup
	for range tasks {
		wg.Go(func() {
			if err := do(t.Context(), old, "fetch"); err != nil {
				t.Error(err)
			}
		})
	}
	for range tasks {
		<-came
	}
	gone := make(chan error, 1)
	go func() { gone <- old.Supersede(t.Context()) }()
	for old.Status().State != plugin.StateSuperseded {
		time.Sleep(time.Millisecond)
	}
	if err := do(t.Context(), next, "fetch"); err != nil {
		t.Error(err)
	}
	select {
	case err := <-gone:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	close(open)
	wg.Wait()
	if err := <-gone; err != nil {
		t.Error(err)
	}
	if err := do(t.Context(), next, "x"); err != nil { // its code is still there
		t.Error(err)
	}
	for _, i := range []*plugin.Instance{next, other} {
		if err := i.Supersede(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := h.Programs(); n != 0 {
		t.Errorf("%d programs are left", n)
	}
}

// TestSupersedeCallsOff: a task that does not end in time does not keep the old
// version for ever.
func TestSupersedeCallsOff(t *testing.T) {
	h := plugin.NewHost(guest.Engine(t))
	came := make(chan struct{}, 1)
	i := h.NewInstance(spec(t, small(), granted(came, nil)))
	if err := i.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- do(t.Context(), i, "fetch") }()
	<-came
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := i.Supersede(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	var dead *wasm.DeadError
	if err := <-result; !errors.As(err, &dead) || !dead.Closed || !dead.Sent {
		t.Errorf("%v", err)
	}
	wantState(t, i, plugin.StateRemoved, "")
	if n := h.Programs(); n != 0 {
		t.Errorf("%d programs", n)
	}
}

// TestManyStarts: instances of one file that start and end at the same time
// compile it once each generation and leave nothing.
func TestManyStarts(t *testing.T) {
	h := plugin.NewHost(guest.Engine(t))
	s := spec(t, small(), granted(nil, nil))
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			i := h.NewInstance(s)
			if n%4 == 0 {
				go stop() // this caller leaves; the others must not notice
			}
			if err := i.Start(ctx); err == nil {
				err = do(t.Context(), i, "fetch")
				if err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if err := i.Supersede(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := h.Programs(); n != 0 {
		t.Errorf("%d programs are left", n)
	}
}
