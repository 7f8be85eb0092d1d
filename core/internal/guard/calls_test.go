package guard

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

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
	spent := func() string { return r.spentBy("u") }
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

// spentBy is what a user's calls have cost today.
func (r *rig) spentBy(user string) string {
	r.t.Helper()
	top, _ := r.Top(Call, 5)
	for _, u := range top {
		if u.Scope == ScopeUser && u.Name == user {
			return u.Spent.String()
		}
	}
	return "nothing"
}

// TestCallOverMidnight: minutes of the new day are money of the new day, also when
// nobody has asked for anything since.
func TestCallOverMidnight(t *testing.T) {
	r := newRig(t, calls(map[string]any{"tariff": "+7 2", "minutes": 1, "user_spend": 100}), nil)
	r.pass(11 * time.Hour) // half an hour before midnight
	r.want(Call, "u", "+79100000001", "").Placed("main", "1", r.now())
	r.pass(29 * time.Minute)
	r.askCalls(t.Context())
	if got := r.spentBy("u"); got != "58" {
		t.Errorf("before midnight %s, want 58", got)
	}
	r.pass(11 * time.Minute)
	r.askCalls(t.Context())
	if got := r.spentBy("u"); got != "22" {
		t.Errorf("after midnight %s, want 22", got)
	}
}

// TestAlarmOfLongCalls: money that live calls use up is told while they live.
func TestAlarmOfLongCalls(t *testing.T) {
	r := newRig(t, calls(map[string]any{"tariff": "+7 2", "minutes": 1, "user_spend": 20}), nil)
	r.want(Call, "u", "+79100000001", "").Placed("main", "1", r.now())
	r.pass(20 * time.Minute)
	r.askCalls(t.Context())
	if a := r.Alarms(); len(a) != 2 || a[0].Level != Level100 || a[1].Level != Level80 || a[0].Name != "u" || a[0].Rule != "user_spend" {
		t.Errorf("alarms: %+v", a)
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

// TestUnusedTicketsCostNothing: certainly nothing left, whatever the module answers.
func TestUnusedTicketsCostNothing(t *testing.T) {
	r := newRig(t, calls(map[string]any{"tariff": "+7 2", "minutes": 1, "user_spend": 100}), nil)
	for name, row := range map[string]struct {
		do   func(t *Ticket)
		want string
	}{
		"given back":               {func(t *Ticket) { t.Use(Call, "+79100000001"); t.Unuse() }, "0"},
		"given back, used again":   {func(t *Ticket) { t.Use(Call, "+79100000001"); t.Unuse(); t.Use(Call, "+79100000001") }, "2"},
		"used":                     {func(t *Ticket) { t.Use(Call, "+79100000001") }, "2"},
		"spent without the ticket": {func(*Ticket) {}, "2"},
	} {
		tk := r.want(Call, name, "+79100000001", "")
		row.do(tk)
		tk.Close(true)
		if got := r.spentBy(name); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
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
	if call.Use(Call, "") {
		t.Error("a ticket covers nothing at all")
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
