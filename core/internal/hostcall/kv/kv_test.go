package kvcall_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var errMissing = errors.New("memory: missing")

// memory is a View with a clock that only the test moves.
type memory struct {
	mu    sync.Mutex
	now   time.Time
	data  map[string]entry
	fail  error
	scans int
}

type entry struct {
	value []byte
	ends  time.Time
}

func newMemory() *memory {
	return &memory{data: map[string]entry{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (m *memory) clock() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.now }

func (m *memory) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	maps.DeleteFunc(m.data, func(_ string, e entry) bool { return !e.ends.IsZero() && !e.ends.After(m.now) })
}

func (m *memory) breakWith(err error) { m.mu.Lock(); defer m.mu.Unlock(); m.fail = err }

func (m *memory) Get(key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.data[string(key)]
	switch {
	case m.fail != nil:
		return nil, m.fail
	case !ok:
		return nil, fmt.Errorf("get: %w", errMissing)
	}
	return slices.Clone(e.value), nil
}

func (m *memory) Put(key, value []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	e := entry{value: slices.Clone(value)}
	if ttl > 0 {
		e.ends = m.now.Add(ttl)
	}
	m.data[string(key)] = e
	return nil
}

func (m *memory) Delete(key []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	delete(m.data, string(key))
	return nil
}

func (m *memory) ScanPrefix(ctx context.Context, prefix []byte, limit int, fn func(key, value []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scans++
	if m.fail != nil {
		return m.fail
	}
	for _, k := range slices.Sorted(maps.Keys(m.data)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(k, string(prefix)) {
			continue
		}
		if limit--; limit < 0 {
			return nil
		}
		if err := fn([]byte(k), m.data[k].value); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
	}
	return nil
}

// total is what the view really holds.
func (m *memory) total() (keys int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, e := range m.data {
		keys++
		bytes += int64(len(k) + len(e.value))
	}
	return keys, bytes
}

func open(t testing.TB, m *memory, q kvcall.Quota) *kvcall.Client {
	t.Helper()
	c, err := kvcall.New(kvcall.Options{
		Name: "demo", View: m, IsNotFound: func(err error) bool { return errors.Is(err, errMissing) },
		Quota: q, Logger: hclog.NewNullLogger(), Now: m.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func result(t testing.TB, answer []byte) (abi.Value, *abi.Error) {
	t.Helper()
	if err := abi.Check(answer); err != nil {
		t.Fatalf("answer is malformed: %v", err)
	}
	body, failure, err := abi.DecodeAnswer(answer)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	return body, failure
}

func code(f *abi.Error) abi.Code {
	if f == nil {
		return ""
	}
	return f.Code
}

func putMessage(key, value string, ttl int64) []byte {
	return (&abi.KVPut{Key: key, Value: []byte(value), TTLSeconds: ttl}).Append(nil)
}

func put(t testing.TB, c *kvcall.Client, key, value string, ttl int64) abi.Code {
	t.Helper()
	body, f := result(t, c.Put(t.Context(), putMessage(key, value, ttl), nil))
	if body.Exists() {
		t.Errorf("put answered %x, want nothing", body)
	}
	return code(f)
}

func get(t testing.TB, c *kvcall.Client, key string) (string, bool) {
	t.Helper()
	body, f := result(t, c.Get(t.Context(), abi.AppendStrings(nil, key), nil))
	if f != nil && f.Code == abi.CodeNotFound && !body.Exists() {
		return "", false
	}
	if f != nil || body.Kind() != abi.Bytes {
		t.Fatalf("get %q: %v, %x", key, f, body)
	}
	return string(body.Bytes()), true
}

func remove(t testing.TB, c *kvcall.Client, key string) abi.Code {
	t.Helper()
	_, f := result(t, c.Delete(t.Context(), abi.AppendStrings(nil, key), nil))
	return code(f)
}

func listMessage(prefix string, limit int64) []byte {
	return abi.AppendInt(abi.AppendString(abi.AppendArray(nil, 2), prefix), limit)
}

func TestRefusesBadRequests(t *testing.T) {
	c := open(t, newMemory(), kvcall.Quota{})
	long := strings.Repeat("k", kvcall.MaxKey+1)
	invalidText := append(abi.AppendArray(nil, 1), 0xa2, 0xff, 0xfe)
	type operation = func(context.Context, []byte, []byte) []byte
	for _, x := range []struct {
		name    string
		do      operation
		request []byte
		want    abi.Code
		message string
	}{
		{"get nothing", c.Get, nil, abi.CodeInvalid, "request"},
		{"get no array", c.Get, abi.AppendString(nil, "a"), abi.CodeInvalid, "request"},
		{"get empty array", c.Get, abi.AppendArray(nil, 0), abi.CodeInvalid, "key"},
		{"get empty key", c.Get, abi.AppendStrings(nil, ""), abi.CodeInvalid, "key"},
		{"get number", c.Get, abi.AppendInt(abi.AppendArray(nil, 1), 7), abi.CodeInvalid, "request"},
		{"get bytes", c.Get, abi.AppendBytes(abi.AppendArray(nil, 1), []byte("a")), abi.CodeInvalid, "request"},
		{"get invalid text", c.Get, invalidText, abi.CodeInvalid, "request"},
		{"get long key", c.Get, abi.AppendStrings(nil, long), abi.CodeTooLarge, "demo"},
		{"get trailing bytes", c.Get, append(abi.AppendStrings(nil, "a"), 0), abi.CodeInvalid, "request"},
		{"delete empty key", c.Delete, abi.AppendStrings(nil, ""), abi.CodeInvalid, "key"},
		{"delete long key", c.Delete, abi.AppendStrings(nil, long), abi.CodeTooLarge, "demo"},
		{"put nothing", c.Put, nil, abi.CodeInvalid, "request"},
		{"put empty key", c.Put, putMessage("", "v", 0), abi.CodeInvalid, "key"},
		{"put long key", c.Put, putMessage(long, "v", 0), abi.CodeTooLarge, "demo"},
		{"put large value", c.Put, putMessage("k", strings.Repeat("v", kvcall.MaxValue+1), 0), abi.CodeTooLarge, "demo"},
		{"put negative ttl", c.Put, putMessage("k", "v", -1), abi.CodeInvalid, "ttl"},
		{"put overflowing ttl", c.Put, putMessage("k", "v", 1<<62), abi.CodeInvalid, "ttl"},
		{"list nothing", c.List, nil, abi.CodeInvalid, "request"},
		{"list long prefix", c.List, listMessage(long, 1), abi.CodeTooLarge, "demo"},
		{"list negative", c.List, listMessage("", -1), abi.CodeInvalid, "limit"},
		{"list too many", c.List, listMessage("", kvcall.MaxList+1), abi.CodeInvalid, "limit"},
		{"list huge limit", c.List, listMessage("", 1<<40), abi.CodeInvalid, "request"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, f := result(t, x.do(t.Context(), x.request, nil))
			if f == nil || f.Code != x.want || f.Message != x.message || f.Detail == "" {
				t.Fatalf("got %+v, want %s about %s", f, x.want, x.message)
			}
		})
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	full := kvcall.Options{Name: "n", View: newMemory(), IsNotFound: func(error) bool { return true }, Logger: hclog.NewNullLogger()}
	if _, err := kvcall.New(full); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*kvcall.Options){
		"name":       func(o *kvcall.Options) { o.Name = "" },
		"view":       func(o *kvcall.Options) { o.View = nil },
		"isnotfound": func(o *kvcall.Options) { o.IsNotFound = nil },
		"logger":     func(o *kvcall.Options) { o.Logger = nil },
		"quota":      func(o *kvcall.Options) { o.Quota.Bytes = -1 },
	} {
		o := full
		spoil(&o)
		if _, err := kvcall.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestStoresReplacesAndDeletes(t *testing.T) {
	c := open(t, newMemory(), kvcall.Quota{})
	if _, found := get(t, c, "a"); found {
		t.Fatal("found what was never stored")
	}
	for _, value := range []string{"one", "", strings.Repeat("v", kvcall.MaxValue)} {
		if got := put(t, c, "a", value, 0); got != "" {
			t.Fatalf("put: %s", got)
		}
		if got, found := get(t, c, "a"); !found || got != value {
			t.Fatalf("got %d bytes, %v; want %d", len(got), found, len(value))
		}
	}
	for range 2 { // the second time it is not there any more
		if got := remove(t, c, "a"); got != "" {
			t.Fatalf("delete: %s", got)
		}
		if _, found := get(t, c, "a"); found {
			t.Fatal("still there")
		}
	}
}

func TestAppendsToDst(t *testing.T) {
	c := open(t, newMemory(), kvcall.Quota{})
	put(t, c, "a", "one", 0)
	out := c.Get(t.Context(), abi.AppendStrings(nil, "a"), []byte("head"))
	rest, ok := strings.CutPrefix(string(out), "head")
	if body, f := result(t, []byte(rest)); !ok || f != nil || string(body.Bytes()) != "one" {
		t.Fatalf("got %q", out)
	}
}

func TestEntriesEnd(t *testing.T) {
	m := newMemory()
	c := open(t, m, kvcall.Quota{})
	put(t, c, "a", "short", 60)
	put(t, c, "b", "kept", 0)
	m.advance(59 * time.Second)
	if _, found := get(t, c, "a"); !found {
		t.Fatal("gone too early")
	}
	m.advance(time.Second)
	if _, found := get(t, c, "a"); found {
		t.Fatal("still there after its time")
	}
	if _, found := get(t, c, "b"); !found {
		t.Fatal("an entry without an end is gone")
	}
}

func TestLists(t *testing.T) {
	c := open(t, newMemory(), kvcall.Quota{})
	for i := range 150 {
		put(t, c, fmt.Sprintf("row/%03d", i), fmt.Sprint(i), 0)
	}
	put(t, c, "other", "x", 0)
	for _, x := range []struct {
		prefix string
		limit  int64
		want   int
		first  string
	}{
		{"row/", 0, kvcall.DefaultList, "row/000"},
		{"row/", 1000, 150, "row/000"},
		{"row/01", 3, 3, "row/010"},
		{"", 1, 1, "other"},
		{"none", 0, 0, ""},
	} {
		body, f := result(t, c.List(t.Context(), listMessage(x.prefix, x.limit), nil))
		if f != nil || body.Kind() != abi.Array || body.Len() != x.want {
			t.Fatalf("%q: %d entries, %v; want %d", x.prefix, body.Len(), f, x.want)
		}
		if got := body.Path("0.0").String(); got != x.first {
			t.Errorf("%q begins with %q, want %q", x.prefix, got, x.first)
		}
		if x.first == "row/010" && string(body.Path("0.1").Bytes()) != "10" {
			t.Errorf("value is %q", body.Path("0.1").Bytes())
		}
	}
}

func TestListThatIsTooLargeIsRefused(t *testing.T) {
	c := open(t, newMemory(), kvcall.Quota{})
	for i := range 17 {
		put(t, c, fmt.Sprintf("k%02d", i), strings.Repeat("v", kvcall.MaxValue), 0)
	}
	if _, f := result(t, c.List(t.Context(), listMessage("k", 0), nil)); code(f) != abi.CodeTooLarge {
		t.Fatalf("got %v", f)
	}
	if body, f := result(t, c.List(t.Context(), listMessage("k", 10), nil)); f != nil || body.Len() != 10 {
		t.Fatalf("got %d, %v", body.Len(), f)
	}
}

func TestQuota(t *testing.T) {
	m := newMemory()
	c := open(t, m, kvcall.Quota{Keys: 3, Bytes: 30})
	for _, k := range []string{"a", "b", "c"} {
		if got := put(t, c, k, "12345", 0); got != "" { // 6 bytes each
			t.Fatalf("put %s: %s", k, got)
		}
	}
	if got := put(t, c, "d", "1", 0); got != abi.CodeTooLarge {
		t.Fatalf("a fourth key: %q", got)
	}
	if got := put(t, c, "a", strings.Repeat("v", 18), 0); got != abi.CodeTooLarge { // 19+6+6
		t.Fatalf("31 bytes: %q", got)
	}
	if got := put(t, c, "a", strings.Repeat("v", 17), 0); got != "" {
		t.Fatalf("30 bytes: %s", got)
	}
	if got := put(t, c, "b", "1234", 0); got != "" {
		t.Fatalf("shrinking: %s", got)
	}
	remove(t, c, "a")
	remove(t, c, "a") // counts once
	if got := put(t, c, "d", "1", 0); got != "" {
		t.Fatalf("after a delete: %s", got)
	}
	if got := put(t, c, "e", "1", 0); got != abi.CodeTooLarge {
		t.Fatalf("the second delete made room: %q", got)
	}
}

func TestQuotaCountsWhatWasThereBefore(t *testing.T) {
	m := newMemory()
	first := open(t, m, kvcall.Quota{Keys: 2})
	put(t, first, "a", "1", 0)
	put(t, first, "b", "1", 0)
	second := open(t, m, kvcall.Quota{Keys: 2})
	if got := put(t, second, "c", "1", 0); got != abi.CodeTooLarge {
		t.Fatalf("got %q", got)
	}
	smaller := open(t, m, kvcall.Quota{Keys: 1})
	if got := put(t, smaller, "a", "", 0); got != "" {
		t.Fatalf("over its quota an instance must still shrink: %q", got)
	}
	if got := put(t, smaller, "a", "123", 0); got != "" {
		t.Fatalf("bytes are left: %q", got)
	}
}

func TestQuotaForgetsEndedEntries(t *testing.T) {
	m := newMemory()
	c := open(t, m, kvcall.Quota{Keys: 2})
	put(t, c, "a", "1", 10)
	put(t, c, "b", "1", 10)
	if got := put(t, c, "c", "1", 0); got != abi.CodeTooLarge {
		t.Fatalf("got %q", got)
	}
	scans := m.scans
	for range 100 {
		put(t, c, "c", "1", 0)
	}
	if m.scans != scans {
		t.Fatalf("an instance over its quota caused %d scans at one moment", m.scans-scans)
	}
	m.advance(10 * time.Second)
	if got := put(t, c, "c", "1", 0); got != "" {
		t.Fatalf("after the others ended: %q", got)
	}
}

func TestStoreFailuresAreInternal(t *testing.T) {
	m := newMemory()
	c := open(t, m, kvcall.Quota{Keys: 1})
	m.breakWith(errors.New("disk on fire"))
	for name, answer := range map[string][]byte{
		"get":    c.Get(t.Context(), abi.AppendStrings(nil, "a"), nil),
		"put":    c.Put(t.Context(), putMessage("a", "1", 0), nil),
		"delete": c.Delete(t.Context(), abi.AppendStrings(nil, "a"), nil),
		"list":   c.List(t.Context(), listMessage("", 0), nil),
	} {
		_, f := result(t, answer)
		if code(f) != abi.CodeInternal || f.Source != abi.SourceHost || !strings.Contains(f.Detail, "disk on fire") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	m.breakWith(nil)
	if got := put(t, c, "a", "1", 0); got != "" {
		t.Fatalf("the failed put used the quota up: %q", got)
	}
}

func TestEndedContext(t *testing.T) {
	m := newMemory()
	c := open(t, m, kvcall.Quota{})
	put(t, c, "a", "1", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, answer := range map[string][]byte{
		"get":    c.Get(ctx, abi.AppendStrings(nil, "a"), nil),
		"put":    c.Put(ctx, putMessage("b", "1", 0), nil),
		"delete": c.Delete(ctx, abi.AppendStrings(nil, "a"), nil),
		"list":   c.List(ctx, listMessage("", 0), nil),
	} {
		if _, f := result(t, answer); code(f) != abi.CodeTimeout {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if keys, _ := m.total(); keys != 1 {
		t.Fatalf("%d keys, want the one from before", keys)
	}
}
