package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

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

// TestAlarmsOfTheLastMoment: an alarm that is raised when the gateway stops is on record.
func TestAlarmsOfTheLastMoment(t *testing.T) {
	var recorded []Alarm
	r := newRig(t, nil, off(map[string]any{"user_per_day": 1}), func(o *Options) {
		o.Alarm = func(ctx context.Context, a Alarm) error {
			recorded = append(recorded, a)
			return ctx.Err()
		}
	})
	for i := range 40 {
		r.want(Message, fmt.Sprint("u", i), "+79100000001", "")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r.Run(ctx)
	if len(recorded) != 80 { // 80 and 100 percent
		t.Errorf("%d alarms are on record, want 80", len(recorded))
	}
}
