package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

func keys(t testing.TB, v store.View, r store.Range) []string {
	t.Helper()
	var out []string
	err := v.Scan(t.Context(), r, func(k, val []byte) error {
		if !r.KeysOnly && string(val) != "v"+string(k) {
			t.Errorf("key %q has value %q", k, val)
		}
		if r.KeysOnly && val != nil {
			t.Errorf("KeysOnly passed a value for %q", k)
		}
		out = append(out, string(k))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fill(t testing.TB, v store.View, ks ...string) {
	t.Helper()
	for _, k := range ks {
		put(t, v, k, "v"+k)
	}
}

func TestBadNamesAndKeys(t *testing.T) {
	s := openMemory(t)
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		v := s.Prefix(name)
		if err := v.Put([]byte("k"), nil, 0); !errors.Is(err, store.ErrBadPrefix) {
			t.Errorf("name of %d bytes: %v", len(name), err)
		}
		if _, err := v.Prefix("ok").Get([]byte("k")); !errors.Is(err, store.ErrBadPrefix) {
			t.Errorf("nested in a bad name: %v", err)
		}
		if _, err := v.DropAll(t.Context()); !errors.Is(err, store.ErrBadPrefix) {
			t.Errorf("DropAll of a bad name: %v", err)
		}
	}
	v := s.Prefix("a")
	for _, key := range [][]byte{nil, {}, make([]byte, 70_000)} {
		if err := v.Put(key, nil, 0); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Put with a key of %d bytes: %v", len(key), err)
		}
		if _, err := v.Get(key); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Get with a key of %d bytes: %v", len(key), err)
		}
		if err := v.Delete(key); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Delete with a key of %d bytes: %v", len(key), err)
		}
		err := v.Batch(func(b store.Batch) error { return b.Put(key, nil, 0) })
		if !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Batch with a key of %d bytes: %v", len(key), err)
		}
	}
	if err := v.Put([]byte("k"), make([]byte, 65<<20), 0); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("65 MiB value: %v", err)
	}
}

// TestViewsAreIsolated fills views whose names and keys are chosen to collide
// under a naive encoding, and checks that each sees exactly its own keys.
func TestViewsAreIsolated(t *testing.T) {
	s := openMemory(t)
	views := map[string]store.View{
		"a":        s.Prefix("a"),
		"ab":       s.Prefix("ab"),
		"abc":      s.Prefix("abc"),
		"a/b":      s.Prefix("a").Prefix("b"),
		"a/bc":     s.Prefix("a").Prefix("bc"),
		"ab/c":     s.Prefix("ab").Prefix("c"),
		"nul":      s.Prefix("\x00"),
		"a nul":    s.Prefix("a\x00"),
		"a nul b":  s.Prefix("a\x00b"),
		"a\\xff":   s.Prefix("a\xff"),
		"reserved": s.Prefix("badger!" + strings.Repeat("x", 26)), // its length byte is '!'
		"longest":  s.Prefix(strings.Repeat("\xff", 255)),
	}
	hostile := []string{
		"k", "\x00", "\x00\x00", "\x01", "\x01b", "\x01b\x00k", "\xff", "\xff\xff\xff\xff", "b", "b\x00k",
		"!badger!txn", "../a", "\x02ab\x00k", "\x00k",
	}
	for name, v := range views {
		for _, k := range hostile {
			put(t, v, k, name+"|"+k)
		}
	}
	want := slices.Clone(hostile)
	slices.Sort(want)
	for name, v := range views {
		for _, reverse := range []bool{false, true} {
			var got []string
			err := v.Scan(t.Context(), store.Range{Reverse: reverse}, func(k, val []byte) error {
				if string(val) != name+"|"+string(k) {
					t.Errorf("view %s reaches %q of another view: %q", name, k, val)
				}
				got = append(got, string(k))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if reverse {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("view %s reverse=%v: %q\nwant %q", name, reverse, got, want)
			}
		}
		for _, k := range hostile {
			if got := get(t, v, k); got != name+"|"+k {
				t.Errorf("view %s key %q: %q", name, k, got)
			}
		}
	}
	if n, err := views["ab"].DeleteRange(t.Context(), store.Range{}); n != len(hostile) || err != nil {
		t.Fatalf("DeleteRange: %d, %v", n, err)
	}
	if n, err := views["a"].DropAll(t.Context()); n != 3*len(hostile) || err != nil {
		t.Fatalf("DropAll of a with its two nested views: %d, %v", n, err)
	}
	gone := map[string]bool{"a": true, "a/b": true, "a/bc": true, "ab": true}
	for name, v := range views {
		n, err := v.Count(t.Context(), store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(hostile); gone[name] && n != 0 || !gone[name] && n != want {
			t.Errorf("after deleting ab and a: view %s has %d keys", name, n)
		}
	}
}

func TestScanRanges(t *testing.T) {
	s := openMemory(t)
	fill(t, s.Prefix("v"), "a", "b", "b\x00", "c", "d", "\xff\xff")
	fill(t, s.Prefix("u"), "zzz")
	fill(t, s.Prefix("w"), "\x00")
	v := s.Prefix("v")
	for _, c := range []struct {
		from, to string
		limit    int
		want     []string
	}{
		{"", "", 0, []string{"a", "b", "b\x00", "c", "d", "\xff\xff"}},
		{"b", "d", 0, []string{"b", "b\x00", "c"}},
		{"b\x00", "b\x00\x00", 0, []string{"b\x00"}},
		{"bb", "cc", 0, []string{"c"}},
		{"d", "b", 0, nil},
		{"c", "c", 0, nil},
		{"e", "f", 0, nil},
		{"\xff\xff\xff", "", 0, nil},
		{"", "a", 0, nil},
		{"", "", 2, []string{"a", "b"}},
		{"b", "", 100, []string{"b", "b\x00", "c", "d", "\xff\xff"}},
	} {
		r := store.Range{From: []byte(c.from), To: []byte(c.to), Limit: c.limit}
		if got := keys(t, v, r); !slices.Equal(got, c.want) {
			t.Errorf("[%q, %q) limit %d: %q, want %q", c.from, c.to, c.limit, got, c.want)
		}
		r.KeysOnly = true
		if n, err := v.Count(t.Context(), r); n != len(c.want) || err != nil {
			t.Errorf("count [%q, %q): %d, %v", c.from, c.to, n, err)
		}
		if c.limit == 2 {
			continue
		}
		r.Reverse = true
		got := keys(t, v, r)
		slices.Reverse(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("reverse [%q, %q): %q, want %q", c.from, c.to, got, c.want)
		}
	}
	if got := keys(t, v, store.Range{Reverse: true, Limit: 2}); !slices.Equal(got, []string{"\xff\xff", "d"}) {
		t.Errorf("reverse limit 2: %q", got)
	}
}

func TestScanEnds(t *testing.T) {
	v := openMemory(t).Prefix("v")
	fill(t, v, "a", "b", "c")
	n := 0
	err := v.Scan(t.Context(), store.Range{}, func(_, _ []byte) error {
		if n++; n == 2 {
			return fmt.Errorf("wrapped: %w", store.ErrStop)
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("ErrStop: %d keys, %v", n, err)
	}
	mine := errors.New("mine")
	if err := v.Scan(t.Context(), store.Range{}, func(_, _ []byte) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("fn's error became %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	err = v.Scan(ctx, store.Range{}, func(_, _ []byte) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("cancelled scan: %d keys, %v", n, err)
	}
}

func TestGetReturnsOwnedCopy(t *testing.T) {
	v := openMemory(t).Prefix("v")
	put(t, v, "k", "value")
	b, err := v.Get([]byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	copy(b, "XXXXX")
	if got := get(t, v, "k"); got != "value" {
		t.Errorf("changing the copy changed the store: %q", got)
	}
	if _, err := v.Get([]byte("none")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("missing key: %v", err)
	}
	if err := v.Delete([]byte("none")); err != nil {
		t.Errorf("deleting a missing key: %v", err)
	}
}

func TestPutSlicesAreFreeAfterwards(t *testing.T) {
	v := openMemory(t).Prefix("v")
	key, val := []byte("k"), []byte("value")
	if err := v.Put(key, val, 0); err != nil {
		t.Fatal(err)
	}
	copy(key, "x")
	copy(val, "XXXXX")
	if got := get(t, v, "k"); got != "value" {
		t.Errorf("got %q", got)
	}
}

func TestUpdateIsAtomic(t *testing.T) {
	v := openMemory(t).Prefix("v")
	put(t, v, "k", "old")
	mine := errors.New("mine")
	err := v.Update(func(tx store.Tx) error {
		if err := tx.Put([]byte("k"), []byte("new"), 0); err != nil {
			return err
		}
		if b, err := tx.Get([]byte("k")); string(b) != "new" || err != nil {
			t.Errorf("own write not seen: %q, %v", b, err)
		}
		if err := tx.Prefix("nested").Put([]byte("k"), []byte("n"), 0); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) || get(t, v, "k") != "old" {
		t.Errorf("failed update left %q, %v", get(t, v, "k"), err)
	}
	if _, err := v.Prefix("nested").Get([]byte("k")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nested write survived: %v", err)
	}
	err = v.Update(func(tx store.Tx) error {
		return tx.Scan(t.Context(), store.Range{}, func(_, _ []byte) error {
			return tx.Scan(t.Context(), store.Range{}, func(_, _ []byte) error { return nil })
		})
	})
	if !errors.Is(err, store.ErrNestedScan) {
		t.Errorf("nested scan: %v", err)
	}
	err = v.Update(func(tx store.Tx) error {
		big := make([]byte, 400<<10)
		for i := range 100 {
			if err := tx.Put(fmt.Append(nil, i), big, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("40 MB transaction: %v", err)
	}
}

// TestUpdateHammer increments one counter from many goroutines: every conflict
// must be retried and none lost.
func TestUpdateHammer(t *testing.T) {
	v := openMemory(t).Prefix("v")
	const workers, each = 16, 100
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := v.Update(func(tx store.Tx) error {
					b, err := tx.Get([]byte("n"))
					if err != nil && !errors.Is(err, store.ErrNotFound) {
						return err
					}
					var n int
					if len(b) > 0 {
						if _, err := fmt.Sscan(string(b), &n); err != nil {
							return err
						}
					}
					return tx.Put([]byte("n"), fmt.Append(nil, n+1), 0)
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := get(t, v, "n"); got != fmt.Sprint(workers*each) {
		t.Errorf("counter is %s, want %d", got, workers*each)
	}
}

func TestBatchAndDeleteRange(t *testing.T) {
	v := openMemory(t).Prefix("v")
	const n = 2500
	err := v.Batch(func(b store.Batch) error {
		for i := range n {
			if err := b.Put(fmt.Appendf(nil, "%05d", i), bytes.Repeat([]byte("x"), 100), 0); err != nil {
				return err
			}
		}
		return b.Delete([]byte("00000"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Count(t.Context(), store.Range{}); got != n-1 || err != nil {
		t.Fatalf("count %d, %v", got, err)
	}
	if got, err := v.DeleteRange(t.Context(), store.Range{To: []byte("01201")}); got != 1200 || err != nil {
		t.Errorf("DeleteRange: %d, %v", got, err)
	}
	if got, err := v.DeleteRange(t.Context(), store.Range{Reverse: true, Limit: 1100}); got != 1100 || err != nil {
		t.Errorf("DeleteRange from the end: %d, %v", got, err)
	}
	first, last := "", ""
	err = v.Scan(t.Context(), store.Range{}, func(k, _ []byte) error {
		if first == "" {
			first = string(k)
		}
		last = string(k)
		return nil
	})
	if first != "01201" || last != "01399" || err != nil {
		t.Errorf("left %s … %s, %v; want 01201 … 01399", first, last, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.DropAll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled DropAll: %v", err)
	}
}

func TestBackupAndLoad(t *testing.T) {
	from, to := openMemory(t), openMemory(t)
	fill(t, from.Prefix("a").Prefix("b"), "k1", "k2")
	var b bytes.Buffer
	if err := from.Backup(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	if err := to.Load(bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, to.Prefix("a").Prefix("b"), store.Range{}); !slices.Equal(got, []string{"k1", "k2"}) {
		t.Errorf("loaded %q", got)
	}
	put(t, to.Prefix("a"), "new", "after the load")
	if get(t, to.Prefix("a"), "new") == "" {
		t.Error("the store does not take writes after Load")
	}
	for name, bad := range map[string][]byte{
		"cut in a part":   whole[:len(whole)-1],
		"cut in a length": append(bytes.Clone(whole), 1, 2, 3),
		"huge length":     bytes.Repeat([]byte{0xff}, 64),
		"text":            []byte("this is no backup at all"),
	} {
		if err := openMemory(t).Load(bytes.NewReader(bad)); !errors.Is(err, store.ErrBadBackup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := from.Prefix("a").Prefix("b").Scan(t.Context(), store.Range{Limit: 1}, func(_, _ []byte) error {
		if err := from.Load(bytes.NewReader(whole)); !errors.Is(err, store.ErrBusy) {
			t.Errorf("Load beside a scan: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzViewsNeverMeet(f *testing.F) {
	f.Add("a", "b", "k")
	f.Add("a", "ab", "b\x00k")
	f.Add("a", "a\x00", "\x01b\x00")
	f.Add("\x01", "!badger!", "!badger!")
	s := openMemory(f)
	f.Fuzz(func(t *testing.T, one, two, key string) {
		if one == two {
			t.Skip()
		}
		a, b := s.Prefix(one), s.Prefix(two)
		nested := a.Prefix(two)
		if err := a.Put([]byte(key), []byte("a"), 0); err != nil {
			if !errors.Is(err, store.ErrBadKey) && !errors.Is(err, store.ErrBadPrefix) {
				t.Fatal(err)
			}
			t.Skip()
		}
		for _, other := range []store.View{b, nested} {
			n, err := other.Count(t.Context(), store.Range{})
			if n != 0 || err != nil && !errors.Is(err, store.ErrBadPrefix) {
				t.Fatalf("a key of %q shows in another view: %d, %v", one, n, err)
			}
		}
		if n, err := a.Count(t.Context(), store.Range{}); n != 1 || err != nil {
			t.Fatalf("own key: %d, %v", n, err)
		}
		if err := a.Delete([]byte(key)); err != nil {
			t.Fatal(err)
		}
	})
}
