package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	abroad  = "Destination refused: the country is not allowed!"
	denied  = "Destination refused: the prefix is denied!"
	premium = "Destination refused: premium-rate number!"
	unknown = "Destination refused: not a telephone number!"
)

// off switches the limits off, to look at one thing at a time.
func off(more map[string]any) map[string]any {
	out := map[string]any{}
	for _, s := range scopeNames {
		for _, p := range []string{"_per_minute", "_per_hour", "_per_day"} {
			out[s+p] = 0
		}
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func calls(more map[string]any) map[string]any {
	out := off(more)
	for _, s := range scopeNames {
		if _, given := out[s+"_at_once"]; !given {
			out[s+"_at_once"] = 0
		}
	}
	return out
}

func TestDestinations(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings map[string]any
		text     string
		want     string
	}{
		{"the manual's number", nil, "89100000000", ""},
		{"an extension", nil, "1001", ""},
		{"a feature code", nil, "*98", ""},
		{"premium rate at home", nil, "88091234567", premium},
		{"Kazakhstan has +7 too", nil, "+77011234567", abroad},
		{"abroad", nil, "+442079460000", abroad},
		{"abroad by the prefix of the country", nil, "810442079460000", abroad},
		{"satellite", nil, "+870773111632", abroad},
		{"Abkhazia", nil, "+78401234567", denied},
		{"no number", nil, "00442079460000", unknown},
		{"allowed abroad", map[string]any{"allow": []any{"+44"}}, "+442079460000", ""},
		{"allowed by 810", map[string]any{"allow": []any{"44"}}, "810442079460000", ""},
		{"premium rate in an allowed country", map[string]any{"allow": []any{"+44"}}, "+4479000000", premium},
		{"denied wins over allowed", map[string]any{"allow": []any{"+44 20"}, "deny": []any{"+4420"}}, "+442079460000", denied},
		{"denied wins for a user, too", map[string]any{"users": []any{map[string]any{"user": "crm", "allow": []any{"+44"}}}, "deny": []any{"+4420"}}, "+442079460000", denied},
		{"allowed for the user", map[string]any{"users": []any{map[string]any{"user": "crm", "allow": []any{"+44"}}}}, "+442079460000", ""},
		{"allowed for another user", map[string]any{"users": []any{map[string]any{"user": "crm2", "allow": []any{"+44"}}}}, "+442079460000", abroad},
		{"nothing allowed", map[string]any{"home": false}, "89100000000", abroad},
		{"home is not, one prefix is", map[string]any{"home": false, "allow": []any{"+7910"}}, "89100000000", ""},
		{"no internal numbers", map[string]any{"internal": ""}, "1001", unknown},
		{"other internal numbers", map[string]any{"internal": "[12][0-9]{3}"}, "3001", unknown},
		{"the pattern covers the whole text", map[string]any{"internal": "[0-9]{4}|9"}, "98101", unknown},
	} {
		r := newRig(t, c.settings, nil)
		if got, _ := r.try(Call, "crm", c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDestinationOfAMessage(t *testing.T) {
	r := newRig(t, nil, nil)
	if _, refusal := r.Reserve(Ask{Kind: Message, User: "u", Number: Number{"+442079460000", "GB", "mobile"}}); refusal == nil || refusal.Status != 403 || refusal.Reason != "guard of messages: country" || refusal.Field != "" {
		t.Fatalf("%+v", refusal)
	}
	if tk, refusal := r.Reserve(Ask{Kind: Message, User: "u", Number: Number{"+79190000000", "RU", "mobile"}, Units: 2}); refusal != nil || tk == nil {
		t.Fatal(refusal)
	}
	// An internal number is none of an SMS.
	r.want(Message, "u", "1001", unknown)
}

func TestWithoutRulesNothingRuns(t *testing.T) {
	r := newRig(t, nil, nil)
	g, err := New(t.Context(), r.opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Kind{Call, Message, "fax"} {
		if _, refusal := g.Reserve(Ask{Kind: k, User: "u", Text: "89100000000"}); refusal == nil {
			t.Error(k, "runs without rules")
		}
	}
}

func TestLimits(t *testing.T) {
	a, b := "+79100000001", "+79100000002"
	t.Run("minute", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"number_per_minute": 2}))
		r.want(Message, "u", a, "")
		r.want(Message, "v", a, "")
		r.want(Message, "w", a, "Limit reached: messages to this number per minute!")
		r.want(Message, "w", b, "")
		r.pass(time.Minute) // half of the last slot still counts: 1
		r.want(Message, "u", a, "")
		r.want(Message, "u", a, "Limit reached: messages to this number per minute!")
	})
	t.Run("retry after is right", func(t *testing.T) {
		for limit := 1; limit <= 7; limit++ {
			r := newRig(t, nil, off(map[string]any{"user_per_minute": limit}))
			for n := 0; n < 200; n++ {
				tk, refusal := r.Reserve(Ask{Kind: Message, User: "u", Text: a})
				if tk != nil {
					r.pass(3 * time.Second)
					continue
				}
				wait := refusal.RetryAfter
				if wait > time.Second { // a whole second is the least that is asked for
					r.pass(wait - time.Second)
					r.want(Message, "u", a, "Limit reached: messages of this user per minute!")
					r.pass(time.Second)
				} else {
					r.pass(wait)
				}
				r.want(Message, "u", a, "")
			}
		}
	})
	t.Run("day", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"user_per_day": 1}))
		r.want(Message, "u", a, "")
		_, refusal := r.Reserve(Ask{Kind: Message, User: "u", Text: b})
		if refusal == nil || refusal.RetryAfter != 11*time.Hour+29*time.Minute+30*time.Second {
			t.Fatalf("%+v: want midnight in Moscow", refusal)
		}
		r.pass(refusal.RetryAfter)
		r.want(Message, "u", b, "")
	})
	t.Run("a user of his own", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"user_per_day": 1, "users": []any{map[string]any{"user": "vip", "per_day": 2}}}))
		r.want(Message, "vip", a, "")
		r.want(Message, "vip", a, "")
		r.want(Message, "vip", a, "Limit reached: messages of this user per day!")
	})
	t.Run("prefix and all", func(t *testing.T) {
		r := newRig(t, calls(map[string]any{"allow": []any{"+44"}, "prefix_per_hour": 1, "total_per_hour": 2}), nil)
		r.want(Call, "u", "+442079460000", "")
		r.want(Call, "v", "810442079460000", "Limit reached: calls to this country or prefix per hour!")
		r.want(Call, "v", a, "")
		r.want(Call, "v", "+74951234567", "Limit reached: calls of the gateway per hour!")
	})
	t.Run("a refusal costs nothing", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"number_per_day": 1, "user_per_day": 2}))
		r.want(Message, "u", a, "")
		for range 10 {
			r.want(Message, "u", a, "Limit reached: messages to this number per day!")
		}
		r.want(Message, "u", b, "")
	})
	t.Run("clocks that jump", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"user_per_hour": 1}))
		r.pass(365 * 24 * time.Hour)
		r.want(Message, "u", a, "")
		r.pass(-365 * 24 * time.Hour) // back: what was counted stays, and fades
		r.want(Message, "u", a, "Limit reached: messages of this user per hour!")
		r.pass(2 * time.Hour)
		r.want(Message, "u", a, "")
	})
}

func TestModes(t *testing.T) {
	r := newRig(t, nil, off(map[string]any{"mode": "watch", "user_per_day": 1}))
	for range 3 {
		r.want(Message, "u", "+442079460000", "")
	}
	r.want(Message, "u", "00", "")
	got := map[string]uint64{}
	for _, c := range r.Refusals() {
		got[c.Rule] = c.Count
	}
	if got["country"] != 3 || got["user_per_day"] != 3 || got["unknown"] != 1 {
		t.Errorf("counted %v", got)
	}
	r.rules(Message, map[string]any{"mode": "off"})
	if r.want(Message, "u", "+442079460000", "") != nil {
		t.Error("a ticket of a guard that is off")
	}
}

func TestSpend(t *testing.T) {
	tariff := "+7 3\n+7495 0.5\n"
	full := "Limit reached: cost of messages of this user per day!"
	r := newRig(t, nil, off(map[string]any{"tariff": tariff, "user_spend": 10, "total_spend": 16}))
	send := func(user, number string, units int, want string) *Ticket {
		t.Helper()
		n, _ := lookup(number)
		tk, refusal := r.Reserve(Ask{Kind: Message, User: user, Number: n, Units: units})
		if got := ""; refusal != nil {
			if got = refusal.Text; got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		} else if want != "" {
			t.Fatalf("let through, want %q", want)
		}
		return tk
	}
	send("u", "+79100000001", 2, "")       // 6
	tk := send("u", "+79100000001", 1, "") // 9
	send("u", "+79100000001", 1, full)     // 12 > 10
	send("u", "+74951234567", 2, "")       // 10, exactly
	send("u", "+74951234567", 1, full)
	tk.Close(false) // nothing was sent: 7
	tk.Close(false)
	send("u", "+79100000001", 1, "") // 10
	send("v", "+79100000001", 2, "") // all: 16
	send("v", "+74951234567", 1, "Limit reached: cost of messages of the gateway per day!")
	r.pass(24 * time.Hour)
	send("u", "+79100000001", 3, "")

	r.rules(Message, off(map[string]any{"tariff": "+7495 1", "user_spend": 10}))
	send("w", "+79100000001", 1, "Destination refused: it has no price!")
}

func TestCallsAtOnce(t *testing.T) {
	busy := "Limit reached: calls of this user at once!"
	r := newRig(t, calls(map[string]any{"user_at_once": 2}), nil)
	number := func(n int) string { return fmt.Sprintf("+7910000%04d", n) }
	first := r.want(Call, "u", number(1), "")
	second := r.want(Call, "u", number(2), "")
	r.want(Call, "u", number(3), busy)
	first.Close(false) // FreeSWITCH refused it
	second.Placed("main", "uuid-2", r.now())
	second.Close(true) // the request is over, the call lives
	third := r.want(Call, "u", number(3), "")
	r.want(Call, "u", number(4), busy)
	r.want(Call, "v", number(4), "")

	// The end is told before the answer to originate has come.
	r.Ended("uuid-3", time.Second)
	third.Placed("main", "uuid-3", r.now())
	fourth := r.want(Call, "u", number(4), "")
	r.want(Call, "u", number(5), busy)
	if n := r.Live(); n != 1 {
		t.Errorf("%d calls live, want 1", n)
	}

	// The books survive a restart, live calls among them; the fourth was never placed.
	fourth.Close(false)
	if err := r.Write(); err != nil {
		t.Fatal(err)
	}
	r.start()
	fifth := r.want(Call, "u", number(5), "")
	r.want(Call, "u", number(6), busy)
	r.Ended("uuid-2", time.Minute)
	r.Ended("uuid-2", time.Minute) // told twice
	fifth.Close(false)
	r.want(Call, "u", number(6), "")
	r.want(Call, "u", number(7), "")
	r.want(Call, "u", number(8), busy)
}

func TestCostOfCalls(t *testing.T) {
	full := "Limit reached: cost of calls of this user per day!"
	r := newRig(t, calls(map[string]any{"tariff": "+7 2", "minutes": 3, "user_spend": 12}), nil)
	spent := func() string {
		t.Helper()
		top, _ := r.Top(Call, 5)
		for _, u := range top {
			if u.Scope == ScopeUser {
				return u.Spent.String()
			}
		}
		return "nothing"
	}
	first := r.want(Call, "u", "+79100000001", "")
	first.Placed("main", "1", r.now())
	second := r.want(Call, "u", "+79100000002", "")
	second.Placed("main", "2", r.now())
	if spent() != "12" {
		t.Fatal("reserved", spent())
	}
	r.want(Call, "u", "+79100000003", full)
	r.Ended("1", 61*time.Second) // two minutes: 4
	if spent() != "10" {
		t.Fatal("after the first call", spent())
	}
	r.Ended("2", 0) // not answered
	if spent() != "4" {
		t.Fatal("after the second call", spent())
	}
	// A long call uses up the money while it lives.
	third := r.want(Call, "u", "+79100000003", "")
	third.Placed("main", "3", r.now())
	r.pass(10 * time.Minute)
	r.askCalls(t.Context())
	if spent() != "24" {
		t.Fatal("a call of ten minutes", spent())
	}
	r.want(Call, "u", "+79100000004", full)
	r.Ended("3", 10*time.Minute)
	if spent() != "24" {
		t.Fatal("after it", spent())
	}
}

func TestCallsWhoseEndWasNotTold(t *testing.T) {
	var asked atomic.Int64
	live := map[string]error{"alive": nil, "unknown": errors.New("the node is down")}
	r := newRig(t, calls(map[string]any{"user_at_once": 9}), nil, func(o *Options) {
		o.Live = func(_ context.Context, node, uuid string) (bool, error) {
			asked.Add(1)
			if node != "main" {
				t.Errorf("asked %q", node)
			}
			err, there := live[uuid]
			return there, err
		}
	})
	for i, id := range []string{"alive", "unknown", "gone"} {
		r.want(Call, "u", fmt.Sprintf("+7910000000%d", i), "").Placed("main", id, r.now())
	}
	r.askCalls(t.Context())
	if asked.Load() != 0 {
		t.Error("young calls are asked for")
	}
	r.pass(2 * time.Minute)
	r.askCalls(t.Context())
	if asked.Load() != 3 || r.Live() != 2 {
		t.Errorf("asked %d times, %d live; want 3 and 2", asked.Load(), r.Live())
	}
	r.askCalls(t.Context())
	if asked.Load() != 3 {
		t.Error("asked again at once")
	}
	r.pass(25 * time.Hour)
	r.askCalls(t.Context())
	if r.Live() != 0 {
		t.Error("a call of 25 hours still counts")
	}
}

func TestTickets(t *testing.T) {
	r := newRig(t, nil, nil)
	call := r.want(Call, "u", "89100000000", "")
	if call.Use(Call, "+79100000001") || call.Use(Message, "89100000000") {
		t.Error("a ticket covers what it was not made for")
	}
	if !call.Use(Call, "89100000000") || call.Use(Call, "89100000000") {
		t.Error("a ticket is good once")
	}
	call.Unuse()
	if !call.Use(Call, "+79100000000") {
		t.Error("the same number in its other form")
	}
	var none *Ticket
	none.Close(true)
	none.Unuse()
	none.Placed("n", "u", noon)
	if none.Use(Call, "") || none.User() != "" || From(t.Context()) != nil {
		t.Error("a ticket of nobody")
	}
	if From(With(t.Context(), call)) != call || call.User() != "u" {
		t.Error("the context does not carry the ticket")
	}
}

func TestNight(t *testing.T) {
	night := "Destination refused: night hours!"
	at := func(hour, minute int) time.Duration {
		return time.Date(2026, 11, 22, hour, minute, 0, 0, noon.Location()).Sub(noon)
	}
	for _, c := range []struct {
		settings map[string]any
		at       time.Duration
		number   string
		want     time.Duration
	}{
		{map[string]any{"night": "22:00-08:00"}, at(21, 59), "+74951234567", 0},
		{map[string]any{"night": "22:00-08:00"}, at(22, 0), "+74951234567", 10 * time.Hour},
		{map[string]any{"night": "22:00-08:00"}, at(7, 59), "+74951234567", time.Minute},
		{map[string]any{"night": "22:00-08:00"}, at(8, 0), "+74951234567", 0},
		{map[string]any{"night": "13:00-14:00"}, at(13, 30), "+74951234567", 30 * time.Minute},
		// 16:00 in Moscow is 23:00 in Vladivostok.
		{map[string]any{"night": "22:00-08:00", "night_zone": "number"}, at(16, 0), "+74232123456", 9 * time.Hour},
		{map[string]any{"night": "22:00-08:00", "night_zone": "number"}, at(16, 0), "+74951234567", 0},
		// A mobile number may be in either: Moscow decides, unless both sleep.
		{map[string]any{"night": "22:00-08:00", "night_zone": "number"}, at(16, 0), "+79100000001", 0},
		{map[string]any{"night": "22:00-08:00", "night_zone": "number"}, at(0, 30), "+79100000001", 30 * time.Minute},
		{map[string]any{"night": "22:00-08:00", "night_zone": "number"}, at(7, 0), "+79100000001", time.Hour},
	} {
		r := newRig(t, c.settings, nil)
		r.pass(c.at)
		_, refusal := r.Reserve(Ask{Kind: Call, User: "u", Text: c.number})
		switch {
		case refusal == nil && c.want > 0:
			t.Errorf("%v at %v: %s is called", c.settings, c.at, c.number)
		case refusal != nil && (refusal.Text != night || refusal.RetryAfter != c.want):
			t.Errorf("%v at %v: %s: %+v, want %v", c.settings, c.at, c.number, refusal, c.want)
		}
	}
}

func TestAlarms(t *testing.T) {
	var mu sync.Mutex
	var posted []string
	recorded := make(chan Alarm, 100)
	fails := 2
	r := newRig(t, nil, off(map[string]any{"user_per_day": 10, "refusals": 3, "webhook": "https://alarms.example/x"}), func(o *Options) {
		o.Alarm = func(_ context.Context, a Alarm) error { recorded <- a; return nil }
		o.Post = func(_ context.Context, hook Webhook, body []byte) error {
			mu.Lock()
			defer mu.Unlock()
			if fails > 0 {
				fails--
				return errors.New("refused")
			}
			posted = append(posted, hook.URL+" "+string(body))
			return nil
		}
		o.Sleep = func(ctx context.Context, d time.Duration) bool {
			if d < askAfter/4 {
				return ctx.Err() == nil // attempts follow at once
			}
			<-ctx.Done()
			return false
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	for i := range 10 {
		r.want(Message, "u", fmt.Sprintf("+7910000%04d", i), "")
	}
	for range 9 {
		r.want(Message, "u", "+79100000099", "Limit reached: messages of this user per day!")
	}
	var got []string
	for range 3 {
		a := <-recorded
		got = append(got, fmt.Sprintf("%s %s %s %d/%d", a.Level, a.Name, a.Rule, a.Value, a.Limit))
	}
	if text := strings.Join(got, "; "); text != "80 u user_per_day 8/10; 100 u user_per_day 10/10; burst u user_per_day 3/3" {
		t.Error(text)
	}
	for {
		mu.Lock()
		n := len(posted)
		mu.Unlock()
		if n == 3 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	<-done
	var body map[string]any
	url, text, _ := strings.Cut(posted[0], " ")
	if err := json.Unmarshal([]byte(text), &body); err != nil || url != "https://alarms.example/x" || body["level"] != "80" || body["value"] != "8" || body["kind"] != "message" {
		t.Errorf("%s %v %v", url, body, err)
	}
	if len(recorded) != 0 || len(r.Alarms()) != 3 || r.Alarms()[0].Level != LevelBurst {
		t.Errorf("%d more alarms, %v", len(recorded), r.Alarms())
	}
	// A day later they come again; a burst comes again after a while only.
	r.pass(24 * time.Hour)
	for i := range 8 {
		r.want(Message, "u", fmt.Sprintf("+7910000%04d", i), "")
	}
	if n := len(r.Alarms()); n != 4 {
		t.Errorf("%d alarms, want 4", n)
	}
}

func TestSpendAlarmWhenNothingFits(t *testing.T) {
	r := newRig(t, nil, off(map[string]any{"tariff": "+7 3", "user_spend": 10}))
	for range 3 {
		r.want(Message, "u", "+79100000001", "")
	}
	r.want(Message, "u", "+79100000001", "Limit reached: cost of messages of this user per day!")
	r.want(Message, "u", "+79100000001", "Limit reached: cost of messages of this user per day!")
	a := r.Alarms()
	if len(a) != 2 || a[0].Level != Level100 || a[1].Level != Level80 {
		t.Fatalf("%+v", a)
	}
	if value, limit := a[0].Texts(); value != "9" || limit != "10" {
		t.Error(value, limit)
	}
}
