package event

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	tests := []struct{ text, single, double string }{
		{"Sat, 21 Nov 2026 21:02:12 GMT", "Sat,%2021%20Nov%202026%2021%3A02%3A12%20GMT", "Sat,%2021%20Nov%202026%2021%3A02%3A12%20GMT"},
		{"a|b%20c&d", "a%7Cb%20c%26d", "a%7Cb%2520c%26d"},
		{"100% %4", "100%25%20%254", "100%25%20%254"},
		{"SIP/2.0~x(y)'", "SIP/2.0~x(y)'", "SIP/2.0~x(y)'"},
		{"é\r\n", "%C3%A9%0D%0A", "%C3%A9%0D%0A"},
	}
	for _, tt := range tests {
		if got := Encode(tt.text, false); got != tt.single {
			t.Errorf("%q: %q", tt.text, got)
		}
		if got := Encode(tt.text, true); got != tt.double {
			t.Errorf("%q twice: %q", tt.text, got)
		}
	}
}

func FuzzEncodeAndQuote(f *testing.F) {
	f.Add("a%20b\x00\"\\й")
	f.Fuzz(func(t *testing.T, text string) {
		if back, err := url.PathUnescape(Encode(text, true)); err != nil || back != text {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
		var back string
		if err := json.Unmarshal([]byte(Quote(text)), &back); err != nil || back != strings.ToValidUTF8(text, "\uFFFD") && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
	})
}

func TestFrames(t *testing.T) {
	e := &Event{Name: "X", Headers: []Header{{"Event-Name", "X"}, {"Empty", ""}, {"A", "1 2"}, {"A", "3"}}}
	if got := string(e.Plain()); got != "Content-Length: 29\nContent-Type: text/event-plain\n\nEvent-Name: X\nA: 1%202\nA: 3\n\n" {
		t.Errorf("%q", got)
	}
	if got := string(e.JSON()); got != "Content-Length: 47\nContent-Type: text/event-json\n\n"+`{"Event-Name":"X","Empty":"","A":"1 2","A":"3"}` {
		t.Errorf("%q", got)
	}
	e.Body = "й\n"
	if got := string(e.Plain()); !strings.HasSuffix(got, "A: 3\nContent-Length: 3\n\nй\n") {
		t.Errorf("%q", got)
	}
}

func TestSubscription(t *testing.T) {
	channel := &Event{Name: "CHANNEL_CREATE", Headers: []Header{{"Unique-ID", "u"}}}
	agent := &Event{Name: "CUSTOM", Subclass: "callcenter::info"}
	var s Subscription
	if s.Wants(channel) {
		t.Error("nothing was asked for")
	}
	if got := s.Add([]string{"plain", "NOSUCH"}); len(got) != 0 || s.Enabled() {
		t.Errorf("%v", got)
	}
	if got := s.Add([]string{"json", "CUSTOM", "callcenter::info", "CHANNEL_CREATE"}); !slices.Equal(got, []string{"CUSTOM"}) || s.Format != "json" {
		t.Errorf("%v %s", got, s.Format)
	}
	if s.Wants(channel) || !s.Wants(agent) {
		t.Error("a name after CUSTOM is a subclass")
	}
	s.Add([]string{"all"})
	if !s.Wants(channel) || s.Format != "json" {
		t.Error("ALL")
	}
	for filter, want := range map[string]bool{"u": true, "U": true, "x": false, "-u": false, "/^u$/": true, "/(/": false} {
		f := s
		f.filters = nil
		f.Filter("unique-id", filter)
		if f.Wants(channel) != want || f.Wants(agent) {
			t.Errorf("filter %s", filter)
		}
		f.Unfilter("all", "")
		if !f.Wants(agent) {
			t.Error("filter is still there")
		}
	}
	if !s.Clear() || s.Clear() || s.Wants(channel) {
		t.Error("clear")
	}
}
