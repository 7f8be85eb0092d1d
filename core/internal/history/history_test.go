package history

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a store that forgets nothing by itself.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
	puts   int
}

func (m *memory) Put(key string, value []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.puts++
	m.values[key] = slices.Clone(value)
	return nil
}

func (m *memory) Scan(_ context.Context, prefix string, fn func(string, []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		if strings.HasPrefix(key, prefix) {
			if err := fn(key, m.values[key]); err != nil {
				return err
			}
		}
	}
	return m.err
}

// clock is set by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, m *memory, c *clock) *Recorder {
	t.Helper()
	r, err := Open(t.Context(), Options{Store: m, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func step(t testing.TB, r *Recorder, c *clock, n int) {
	t.Helper()
	for range n {
		c.advance(Fine)
		if err := r.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStepsAddUpToCoarseOnes(t *testing.T) {
	c, m := &clock{noon}, &memory{values: map[string][]byte{}}
	r := open(t, m, c)
	for i := range 60 { // ten minutes
		r.Request("sms", 200, 10*time.Millisecond)
		if i%2 == 0 {
			r.Request("sms", 502, 20*time.Millisecond)
			r.Request("contact", 422, time.Millisecond)
		}
		r.SMS(i%3 == 0)
		step(t, r, c, 1)
	}
	fine, coarse := r.Points(Query{Step: Fine}), r.Points(Query{Step: Coarse})
	if len(fine) != 60 || len(coarse) != 2 {
		t.Fatalf("%d fine and %d coarse points", len(fine), len(coarse))
	}
	if fine[0].At != noon.Unix() || coarse[1].At != noon.Add(5*time.Minute).Unix() {
		t.Errorf("they begin at %d and %d", fine[0].At, coarse[1].At)
	}
	for _, p := range coarse {
		sms, all := p.Of("sms"), p.Of("*")
		if sms.Requests != 45 || sms.Failed != 15 || all.Requests != 60 || all.Refused != 15 || p.SMSAccepted != 10 || p.SMSFailed != 20 {
			t.Errorf("%+v", p)
		}
		if q := sms.Quantile(.5); q < 8*time.Millisecond || q > 13*time.Millisecond {
			t.Errorf("median %s", q)
		}
		if q := sms.Quantile(.99); q < 16*time.Millisecond || q > 26*time.Millisecond {
			t.Errorf("p99 %s", q)
		}
	}
	got := r.Points(Query{Step: Fine, From: noon.Add(time.Minute), To: noon.Add(2 * time.Minute)})
	if len(got) != 6 || got[0].At != noon.Add(time.Minute).Unix() {
		t.Errorf("a range gives %d points", len(got))
	}
}

func TestWhatIsOldIsForgottenAndEmptyStepsAreNotWritten(t *testing.T) {
	c, m := &clock{noon}, &memory{values: map[string][]byte{}}
	r := open(t, m, c)
	r.Request("sms", 200, time.Millisecond)
	step(t, r, c, 1)
	if m.puts != 1 {
		t.Errorf("%d writes", m.puts)
	}
	step(t, r, c, 8*24*360)
	if n := len(r.Points(Query{Step: Fine})); n != 360 && n != 361 {
		t.Errorf("%d fine points", n)
	}
	if n := len(r.Points(Query{Step: Coarse})); n < 2015 || n > 2017 {
		t.Errorf("%d coarse points", n)
	}
	if m.puts > 3 {
		t.Errorf("%d writes for one request", m.puts)
	}
}

func TestARestartKeepsWhatWasWritten(t *testing.T) {
	c, m := &clock{noon}, &memory{values: map[string][]byte{}}
	r := open(t, m, c)
	for range 40 {
		r.Request("sms", 200, 3*time.Millisecond)
		step(t, r, c, 1)
	}
	r.Called("sms", "send", "crm")
	fine, coarse := r.Points(Query{Step: Fine}), r.Points(Query{Step: Coarse})

	// Killed: the open coarse point was not written, and is made from the fine ones.
	killed := open(t, m, c)
	if got := killed.Points(Query{Step: Fine}); !reflect.DeepEqual(got, fine) {
		t.Errorf("fine points differ: %d, %d", len(got), len(fine))
	}
	if got := killed.Points(Query{Step: Coarse}); !reflect.DeepEqual(got, coarse) {
		t.Errorf("coarse points\n%+v\nwant\n%+v", got, coarse)
	}

	// Ended in order.
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r.Run(ctx)
	again := open(t, m, c)
	if got, _ := again.Callers("sms", ""); len(got) != 1 || got[0].User != "crm" {
		t.Errorf("callers %+v", got)
	}
	if got := again.Points(Query{Step: Coarse}); len(got) != 2 || got[1].Of("sms").Requests != coarse[1].Of("sms").Requests {
		t.Errorf("coarse points %+v", got)
	}

	m.values["f/zz"], m.values["u/zz"], m.values["u/00000001"] = []byte{9}, []byte{1}, []byte{7}
	if got := open(t, m, c).Points(Query{Step: Fine}); len(got) < len(fine) {
		t.Errorf("a damaged point took %d others along", len(fine)-len(got))
	}
}

func TestAClockThatIsSetBack(t *testing.T) {
	c := &clock{noon}
	r := open(t, &memory{values: map[string][]byte{}}, c)
	step(t, r, c, 3)
	c.advance(-time.Hour)
	r.Request("sms", 200, time.Millisecond)
	step(t, r, c, 2)
	points := r.Points(Query{Step: Fine})
	total := uint64(0)
	for i, p := range points {
		total += p.Of("*").Requests
		if i > 0 && p.At <= points[i-1].At {
			t.Errorf("points are out of order: %+v", points)
		}
	}
	if total != 1 {
		t.Errorf("%d requests are left of one", total)
	}
}

func TestCallers(t *testing.T) {
	c, m := &clock{noon}, &memory{values: map[string][]byte{}}
	r := open(t, m, c)
	r.Called("sms", "send", "old")
	c.advance(5 * 24 * time.Hour)
	for range 3 {
		r.Called("sms", "send", "crm")
	}
	r.Called("sms", "status", "crm")
	r.Called("contact", "add", "dialer")
	got, complete := r.Callers("sms", "send")
	want := []Caller{{"crm", "sms", "send", 3, c.t}, {"old", "sms", "send", 1, noon}}
	if !reflect.DeepEqual(got, want) || !complete {
		t.Errorf("%+v", got)
	}
	c.advance(2 * 24 * time.Hour)
	if got, _ := r.Callers("", ""); len(got) != 3 {
		t.Errorf("after a week: %+v", got)
	}
	for i := range maxCallers + 1 {
		r.Called("m", "a", string(rune('a'+i%26))+time.Duration(i).String())
	}
	if got, complete := r.Callers("m", ""); complete || len(got) != maxCallers {
		t.Errorf("%d callers, complete %t", len(got), complete)
	}
}

func TestFaultsOfTheStoreAreReported(t *testing.T) {
	c, m := &clock{noon}, &memory{values: map[string][]byte{}}
	r := open(t, m, c)
	r.Request("sms", 200, time.Millisecond)
	m.err = errors.New("full")
	c.advance(Fine)
	if err := r.Step(); !errors.Is(err, m.err) {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), Options{Store: m}); !errors.Is(err, m.err) {
		t.Errorf("%v", err)
	}
}

func TestQuantilesOfExtremes(t *testing.T) {
	var r Recorder
	r.opt.Now = time.Now
	if f := (&Figures{}); f.Quantile(.5) != 0 {
		t.Error("a quantile of nothing")
	}
	r.Request("a", 200, 0)
	r.Request("b", 200, 10*time.Hour)
	r.Request("c", 200, -time.Second)
	p := r.Totals().Since(Totals{})
	for _, m := range p.Modules {
		if q := m.Quantile(.99); q < 0 || q > time.Minute {
			t.Errorf("%s: %s", m.Module, q)
		}
	}
	for i := range maxModules + 50 {
		r.Request(time.Duration(i).String(), 200, 0)
	}
	if n := len(r.Totals().modules); n > maxModules+1 {
		t.Errorf("%d series", n)
	}
}

func TestManyAtOnce(t *testing.T) {
	r := open(t, &memory{values: map[string][]byte{}}, &clock{noon})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				r.Request([]string{"sms", "contact", ""}[i%3], 200, time.Duration(i)*time.Microsecond)
				r.Called("sms", "send", "crm")
				if i%50 == 0 {
					_ = r.Points(Query{Step: Fine})
					_, _ = r.Callers("sms", "")
					if err := r.Step(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := r.Step(); err != nil {
		t.Fatal(err)
	}
	total := uint64(0)
	for _, p := range r.Points(Query{Step: Fine}) {
		total += p.Of("*").Requests
	}
	if total != 4000 {
		t.Errorf("%d requests counted", total)
	}
}

func FuzzDecode(f *testing.F) {
	p := Point{At: noon.Unix(), SMSAccepted: 3, Modules: []Named{{Module: "sms", Figures: Figures{Requests: 2}}}}
	p.Modules[0].latency[4] = 2
	f.Add(appendPoint(nil, p))
	f.Add(appendDay(nil, &day{calls: map[callKey]*calls{{"sms", "send", "crm"}: {2, 5}}}))
	f.Add([]byte{1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, value []byte) {
		if p, err := decodePoint(value); err == nil {
			again, err := decodePoint(appendPoint(nil, p))
			if err != nil || !reflect.DeepEqual(p, again) {
				t.Errorf("%+v became %+v, %v", p, again, err)
			}
		}
		if d, err := decodeDay(value); err == nil {
			again, err := decodeDay(appendDay(nil, d))
			if err != nil || !reflect.DeepEqual(d, again) {
				t.Errorf("%+v became %+v, %v", d, again, err)
			}
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	r := open(b, &memory{values: map[string][]byte{}}, &clock{noon})
	b.ReportAllocs()
	for b.Loop() {
		r.Request("sms", 200, 3*time.Millisecond)
	}
}
