package guard

import (
	"testing"
	"time"
)

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
