package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestHammer lets many callers at every limit at once: exactly as many get through
// as there is room for, and what they give back is all there again.
func TestHammer(t *testing.T) {
	const callers, tries, perUser, all = 16, 200, 40, 100
	r := newRig(t, calls(map[string]any{"user_per_day": perUser, "total_per_day": all, "total_at_once": all}), nil)
	var through [callers]atomic.Int64
	var tickets sync.Map
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range tries {
				tk, refusal := r.Reserve(Ask{Kind: Call, User: fmt.Sprint("user", c), Text: fmt.Sprintf("+79%09d", c*tries+i)})
				if refusal == nil {
					through[c].Add(1)
					tickets.Store(tk, c)
				}
				switch i % 20 {
				case 3:
					_ = r.Write()
				case 7:
					r.Top(Call, 3)
				case 11:
					r.Ended(fmt.Sprint("foreign", c, i), time.Second)
				}
			}
		})
	}
	wg.Wait()
	sum := int64(0)
	for c := range callers {
		n := through[c].Load()
		if n > perUser {
			t.Errorf("caller %d got %d through, the limit is %d", c, n, perUser)
		}
		sum += n
	}
	if sum != all {
		t.Errorf("%d got through, want exactly %d", sum, all)
	}
	tickets.Range(func(k, c any) bool {
		wg.Go(func() {
			tk := k.(*Ticket)
			if c.(int)%2 == 0 {
				id := fmt.Sprintf("%p", tk)
				wg.Go(func() { r.Ended(id, 0) })
				tk.Placed("main", id, r.now())
				r.Ended(id, 0)
			}
			tk.Close(true)
			tk.Close(true)
		})
		return true
	})
	wg.Wait()
	top, _ := r.Top(Call, 1000)
	for _, u := range top {
		if u.AtOnce != 0 {
			t.Errorf("%s %s: %d calls live after all have ended", u.Scope, u.Name, u.AtOnce)
		}
	}
	if r.Live() != 0 {
		t.Error(r.Live(), "calls live")
	}
}

// TestBooksSurviveARestart stops at any moment after a writing.
func TestBooksSurviveARestart(t *testing.T) {
	settings := off(map[string]any{"number_per_day": 2, "user_per_hour": 3, "tariff": "+7 1", "total_spend": 4})
	r := newRig(t, nil, settings)
	a, b := "+79100000001", "+79100000002"
	r.want(Message, "u", a, "")
	r.want(Message, "u", a, "")
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	r.want(Message, "u", b, "") // not written: lost with the process
	r.start()
	r.want(Message, "x", a, "Limit reached: messages to this number per day!")
	r.want(Message, "u", b, "")
	r.want(Message, "u", b, "Limit reached: messages of this user per hour!")
	r.want(Message, "v", b, "")
	r.want(Message, "v", "+79100000003", "Limit reached: cost of messages of the gateway per day!")

	// A store that fails loses nothing as long as the process lives.
	r.store.fail = errors.New("no space left on device")
	if err := r.Write(); err == nil {
		t.Fatal("the failure is not reported")
	}
	r.store.fail = nil
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.want(Message, "w", "+79100000003", "Limit reached: cost of messages of the gateway per day!")

	// Damage costs only what is damaged.
	r.store.data["message/total/"] = []byte{accountFormat, 0, 0xff}
	r.store.data["message/moon/x"] = []byte{1}
	r.store.data["call/c/x"] = []byte("{")
	r.start()
	r.want(Message, "w", "+79100000003", "")
	r.want(Message, "x", a, "Limit reached: messages to this number per day!")
}

// TestMemoryIsBounded fills the book: numbers whose limit is in force stay, others
// are forgotten, and when all are in force new ones are refused.
func TestMemoryIsBounded(t *testing.T) {
	const most = 100
	r := newRig(t, nil, off(map[string]any{"number_per_day": 2}), func(o *Options) { o.MaxAccounts = most })
	blocked := func(i int) string { return fmt.Sprintf("+7911000%04d", i) }
	for i := range most / 2 {
		r.want(Message, "u", blocked(i), "")
		r.want(Message, "u", blocked(i), "")
	}
	for i := range 10 * most {
		r.want(Message, "u", fmt.Sprintf("+7912000%04d", i), "")
	}
	if _, n := r.Top(Message, 1); n > most {
		t.Errorf("%d accounts, the bound is %d", n, most)
	}
	for i := range most / 2 {
		r.want(Message, "u", blocked(i), "Limit reached: messages to this number per day!")
	}
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.store.data); n > most {
		t.Errorf("%d keys in the store", n)
	}

	full := newRig(t, nil, off(map[string]any{"number_per_day": 1}), func(o *Options) { o.MaxAccounts = most })
	for i := 0; ; i++ {
		if got, _ := full.try(Message, "u", blocked(i)); got != "" {
			if got != "Limit reached: messages to different numbers!" || i < most/2 || i > most {
				t.Errorf("the %dth number: %q", i, got)
			}
			break
		}
	}
	full.pass(24 * time.Hour)
	full.want(Message, "u", blocked(5), "")
}

func TestSweepForgetsWhatChangesNothing(t *testing.T) {
	r := newRig(t, nil, nil)
	for i := range 10 {
		r.want(Message, "u", fmt.Sprintf("+7912000%04d", i), "")
	}
	b := r.books[Message.index()]
	b.sweep(r.now().Add(time.Hour))
	if _, n := r.Top(Message, 1); n != 13 { // ten numbers, a user, a country, all
		t.Errorf("%d accounts after an hour, want 13", n)
	}
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	r.pass(25 * time.Hour)
	b.sweep(r.now())
	if _, n := r.Top(Message, 1); n != 0 {
		t.Errorf("%d accounts after a day, want none", n)
	}
	if err := r.Write(); err != nil || len(r.store.data) != 0 {
		t.Error(r.store.data, err)
	}
}

// TestSweepAfterAWrongClock: accounts of a future that was none are forgotten, too.
func TestSweepAfterAWrongClock(t *testing.T) {
	r := newRig(t, nil, nil)
	r.pass(365 * 24 * time.Hour)
	r.want(Message, "u", "+79100000001", "")
	r.pass(-365 * 24 * time.Hour)
	b := r.books[Message.index()]
	b.sweep(r.now())
	r.pass(3 * time.Hour)
	b.sweep(r.now())
	if _, n := r.Top(Message, 1); n != 0 {
		t.Errorf("%d accounts are kept", n)
	}
}

// TestTop: the most used come first, and however many accounts there are, looking at
// the first ones keeps no list of all: requests wait for it.
func TestTop(t *testing.T) {
	r := newRig(t, nil, off(map[string]any{"number_per_day": 100}))
	for i := range 2000 {
		number := fmt.Sprintf("+7910000%04d", i)
		for range 1 + i%7 {
			r.want(Message, "u", number, "")
		}
	}
	var got []string
	top, n := r.Top(Message, 4)
	for _, u := range top {
		if u.Scope == ScopeNumber {
			got = append(got, fmt.Sprintf("%s %d %.2f", u.Name, u.Day, u.Share))
		}
	}
	if want := "+79100000006 7 0.07; +79100000013 7 0.07; +79100000020 7 0.07; +79100000027 7 0.07"; strings.Join(got, "; ") != want || n != 2003 {
		t.Errorf("%d accounts, %q", n, got)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.Top(Message, 4)
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 32<<10 {
		t.Errorf("%d bytes for a look", after.TotalAlloc-before.TotalAlloc)
	}
	if top, _ := r.Top(Message, 0); len(top) != 0 {
		t.Errorf("top of nothing: %v", top)
	}
}

func TestForget(t *testing.T) {
	r := newRig(t, nil, off(map[string]any{"number_per_day": 1}))
	r.want(Message, "u", "+79100000001", "")
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	if err := r.Forget("+79100000001"); err != nil {
		t.Fatal(err)
	}
	for k := range r.store.data {
		if strings.Contains(k, "79100000001") {
			t.Error("still in the store:", k)
		}
	}
	r.want(Message, "u", "+79100000001", "")
}

func TestFaultsOfSettings(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]any
		want     string
	}{
		"prefix":            {map[string]any{"allow": []any{"0044"}}, "allow: "},
		"long prefix":       {map[string]any{"deny": []any{"+1234567890123456"}}, "deny: "},
		"pattern":           {map[string]any{"internal": "["}, "internal: "},
		"tariff":            {map[string]any{"tariff": "+7 1\n+7 2"}, "tariff: line 2: the prefix 7 is there twice"},
		"no tariff":         {map[string]any{"user_spend": 1}, "tariff: a limit of spending needs a tariff"},
		"no tariff for one": {map[string]any{"users": []any{map[string]any{"user": "a", "spend": 1}}}, "tariff: a limit of spending needs a tariff"},
		"less than money":   {map[string]any{"tariff": "+7 1", "user_spend": 0.00001}, "user_spend: "},
		"night":             {map[string]any{"night": "22:00"}, "night: "},
		"night of no time":  {map[string]any{"night": "22:00-22:00"}, "night: "},
		"night at 25":       {map[string]any{"night": "25:00-08:00"}, "night: "},
		"webhook":           {map[string]any{"webhook": "ftp://x"}, "webhook: "},
		"user twice":        {map[string]any{"users": []any{map[string]any{"user": "a"}, map[string]any{"user": "a"}}}, "users: "},
	} {
		_, faults := compile(t, Call, c.settings)
		if len(faults) != 1 || !strings.HasPrefix(faults[0].Setting+": "+faults[0].Err.Error(), c.want) {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

func TestRunEndsAndWrites(t *testing.T) {
	r := newRig(t, nil, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	r.want(Message, "u", "+79100000001", "")
	stop()
	<-done
	if len(r.store.data) != 4 {
		t.Errorf("%d accounts are written at the end, want 4", len(r.store.data))
	}
}

// BenchmarkReserve is the common case: a known user, a known number.
func BenchmarkReserve(b *testing.B) {
	r := newRig(b, nil, map[string]any{"tariff": "+7 1\n+7495 2", "user_per_minute": 0, "user_per_hour": 0, "user_per_day": 0, "number_per_minute": 0,
		"number_per_hour": 0, "number_per_day": 0, "user_spend": 1e9})
	n := Number{"+79100000001", "RU", "mobile"}
	b.ReportAllocs()
	for b.Loop() {
		t, refusal := r.Reserve(Ask{Kind: Message, User: "u", Number: n, Units: 1})
		if refusal != nil {
			b.Fatal(refusal)
		}
		t = From(With(b.Context(), t))
		t.Close(true)
	}
}
