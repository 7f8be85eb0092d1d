package show

import (
	"errors"
	"os"
	"testing"
)

func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".body")
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func TestParseChannels(t *testing.T) {
	for name, want := range map[string]int{
		"show-channels-json-live": 6, "show-channels-json-cc-incall": 7, "show-channels-json-newline": 2,
		"show-channels-json-comma-in-name": 2, "sip-orig-answer-show-channels": 1, "api-show-channels-json-idle": 0,
	} {
		got, err := ParseChannels(recorded(t, name))
		if err != nil || got == nil || len(got) != want {
			t.Errorf("%s: %d channels, %v", name, len(got), err)
		}
	}
	got, err := ParseChannels(recorded(t, "show-channels-json-newline"))
	if err != nil {
		t.Fatal(err)
	}
	if c := got[1]; c.CallerName != "Line1\nLine2|x" || c.Application != "callcenter" || c.ApplicationData != "support@default" || c.CallState != "ACTIVE" {
		t.Errorf("%+v", c)
	}
}

func TestParseChannelsRefuses(t *testing.T) {
	if _, err := ParseChannels(recorded(t, "api-show-bogus-json")); !errors.Is(err, ErrRefused) {
		t.Errorf("usage: %v", err)
	}
	for _, in := range []string{"", "{}", `{"row_count":1}`, `{"row_count":1,"rows":[null]}`, `{"row_count":1,"rows":[{}]}`, `{"row_count":0`, "\n0 total.\n", `{"row_count":"0"}`,
		string(recorded(t, "show-channels-count-json-live"))} {
		if _, err := ParseChannels([]byte(in)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseChannels(f *testing.F) {
	for _, n := range []string{"show-channels-json-newline", "api-show-channels-json-idle", "api-show-bogus-json"} {
		f.Add(recorded(f, n))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ParseChannels(raw)
		if (err == nil) != (got != nil) {
			t.Fatalf("%v %v", got, err)
		}
	})
}
