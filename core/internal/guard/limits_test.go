package guard

import (
	"testing"
	"time"
)

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
	t.Run("clocks that step back over midnight", func(t *testing.T) {
		r := newRig(t, nil, off(map[string]any{"user_per_day": 1}))
		r.pass(12 * time.Hour) // the next day
		r.want(Message, "u", a, "")
		r.pass(-45 * time.Minute) // the evening before
		r.want(Message, "u", a, "Limit reached: messages of this user per day!")
		r.pass(45 * time.Minute)
		r.want(Message, "u", a, "Limit reached: messages of this user per day!")
		r.pass(24 * time.Hour)
		r.want(Message, "u", a, "")
	})
}

// TestWindowsOfManyMillions: shares of a slot are products of counts and nanoseconds.
func TestWindowsOfManyMillions(t *testing.T) {
	at := time.Unix(0, 0).Add(1000*time.Hour + time.Minute)
	w := window{slot: 1000, before: 3_000_000_000}
	if got, want := w.used(at, time.Hour), uint64(2_950_000_000); got != want {
		t.Errorf("used %d, want %d", got, want)
	}
	ok, wait := w.room(at, time.Hour, 1_500_000_000)
	if ok || wait < 29*time.Minute || wait > 29*time.Minute+time.Second {
		t.Errorf("room %t, wait %v; want 29 minutes", ok, wait)
	}
	w = window{slot: 1000, now: 2_000_000_000}
	if ok, wait := w.room(at, time.Hour, 1_000_000_000); ok || wait < 89*time.Minute || wait > 89*time.Minute+time.Second {
		t.Errorf("room %t, wait %v; want the rest of this slot and half of the next", ok, wait)
	}
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
	r.rules(Message, off(map[string]any{"tariff": "+7495 1", "users": []any{map[string]any{"user": "poor", "spend": 10}}}))
	send("poor", "+79100000001", 1, "Destination refused: it has no price!")
	send("w", "+79100000001", 1, "")
}
