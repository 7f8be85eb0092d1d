package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// kvView is the part of the store that belongs to one case.
type kvView struct{ store.View }

var _ kvcall.View = kvView{}

func (v kvView) ScanPrefix(ctx context.Context, prefix []byte, limit int, fn func(key, value []byte) error) error {
	end := slices.Clone(prefix)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) > 0 {
		end[len(end)-1]++
	}
	return v.Scan(ctx, store.Range{From: prefix, To: end, Limit: limit}, fn)
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// keep writes the entries that are there before the case.
func (v kvView) keep(entries []Entry) error {
	for _, e := range entries {
		if err := v.Put([]byte(e.Key), []byte(e.Value), 0); err != nil {
			return fmt.Errorf("kv/before: %w", err)
		}
	}
	return nil
}

// check compares what is there after the case.
func (v kvView) check(entries []Entry) []string {
	var c comparison
	for _, e := range entries {
		place := "kv/after/" + e.Key
		got, err := v.Get([]byte(e.Key))
		switch {
		case isNotFound(err):
			c.say(place, "want %q, but there is no such entry", shorten(e.Value, maxShown))
		case err != nil:
			c.say(place, "%v", err)
		case string(got) != e.Value:
			c.text(place, e.Value, string(got))
		}
	}
	return c.found
}

func kvOperations(kv *kvcall.Client) map[string]wasm.Operation {
	return map[string]wasm.Operation{
		abi.OpKVGet:    {Local: true, Run: withoutCall(kv.Get)},
		abi.OpKVPut:    {Local: true, Run: withoutCall(kv.Put)},
		abi.OpKVDelete: {Local: true, Run: withoutCall(kv.Delete)},
		abi.OpKVList:   {Local: true, Run: withoutCall(kv.List)},
	}
}

func withoutCall(run func(ctx context.Context, request, dst []byte) []byte) func(context.Context, *wasm.Call, []byte, []byte) []byte {
	return func(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte { return run(ctx, request, dst) }
}

// fetch is http_fetch: the gateway's client, with the script told what is asked.
func (n *network) fetch(s *script, client *httpcall.Client) wasm.Operation {
	return wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
		n.pool.CloseIdle() // each exchange begins with a look-up, so that the script can let it fail
		h := newHourglass(ctx)
		defer h.expire() // lets go of the client's watch
		defer h.watch()()
		s.begin(request, h.expire)
		return client.Fetch(h, request, dst)
	}}
}

// capabilities answers the operations whose systems are not there, as the case
// says.
type capabilities struct {
	mu       sync.Mutex
	canned   []Canned
	next     int
	problems []string
}

// local are the operations that production serves after a task's deadline.
var local = []string{abi.OpJournalBegin, abi.OpJournalEnd, abi.OpJournalReceipt, abi.OpJournalFind}

// outside are the operations that change something outside the gateway.
var outside = []string{abi.OpProviderCall, abi.OpFreeswitchOriginate}

func (c *capabilities) operation(name string) wasm.Operation {
	return wasm.Operation{
		Effect: slices.Contains(outside, name), Local: slices.Contains(local, name),
		Run: func(_ context.Context, call *wasm.Call, request, dst []byte) []byte {
			return c.answer(name, call, request, dst)
		},
	}
}

func (c *capabilities) answer(name string, call *wasm.Call, request, dst []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	place := fmt.Sprintf("operations/%d", c.next)
	if c.next >= len(c.canned) || c.canned[c.next].Operation != name {
		want := "a call that no entry expects"
		if c.next < len(c.canned) {
			want = "want " + c.canned[c.next].Operation
		}
		c.problems = append(c.problems, fmt.Sprintf("%s: %s: got %s %s", place, want, name, show(request)))
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeUnavailable, Detail: name + " is not expected by the case"})
	}
	e := c.canned[c.next]
	c.next++
	if len(e.Request) > 0 {
		c.problems = append(c.problems, differs(place+"/request", e.Request, request)...)
	}
	switch {
	case e.Error != nil:
		return hostcall.Fail(dst, *e.Error)
	case name == abi.OpJournalReport || name == abi.OpFreeswitchRecording:
		return hostcall.OK(dst, attach(call, e.Answer))
	}
	return hostcall.OK(dst, e.Answer)
}

func (c *capabilities) end() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.problems
	for i := c.next; i < len(c.canned); i++ {
		all = append(all, fmt.Sprintf("operations/%d: %s was not called", i, c.canned[i].Operation))
	}
	return all
}

// attach leaves an empty thing with the host and describes it as the case does.
func attach(call *wasm.Call, description abi.Value) abi.Value {
	size, _ := description.Get("size").Int()
	rows, _ := description.Get("rows").Int()
	a := abi.Attachment{
		ID: call.Attach(nothing{}), Size: size, ContentType: description.Get("content_type").String(),
		Rows: int(rows), Next: description.Get("next").String(),
	}
	return a.Append(nil)
}

type nothing struct{}

func (nothing) Close() error { return nil }

// log keeps what the plugin wrote.
type log struct {
	mu    sync.Mutex
	lines []string
}

var _ hclog.SinkAdapter = (*log)(nil)

// Accept implements [hclog.SinkAdapter].
func (l *log) Accept(_ string, level hclog.Level, message string, _ ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level.String()+" "+message)
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// drain is how long a case's guest may take to go.
const drain = 5 * time.Second
