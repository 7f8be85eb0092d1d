package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

func TestRights(t *testing.T) {
	set, err := auth.ParseRights([]string{"sms.send", "report.*", "contact.add", "contact.cdr", "report.users"})
	if err != nil {
		t.Fatal(err)
	}
	for right, want := range map[string]bool{
		"sms.send": true, "sms.status": false, "SMS.send": false, "sms.*": false, "sms.": false, ".": false, "*.*": false,
		"report.users": true, "report.new": true, "contact.add": true, "contact.audio": false, "reports.x": false,
	} {
		module, action, _ := strings.Cut(right, ".")
		if set.Allows(module, action) != want {
			t.Errorf("%s: want %v", right, want)
		}
	}
	if got := set.Strings(); !slices.Equal(got, []string{"contact.add", "contact.cdr", "report.*", "sms.send"}) {
		t.Errorf("got %v", got)
	}
	all, err := auth.ParseRights([]string{"sms.send", "*"})
	if err != nil || !all.Allows("any", "thing") || !slices.Equal(all.Strings(), []string{"*"}) {
		t.Errorf("* gives %v, %v", all.Strings(), err)
	}
	var none auth.RightSet
	if none.Allows("sms", "send") || len(none.Strings()) != 0 {
		t.Error("the zero set allows something")
	}
	if n := testing.AllocsPerRun(100, func() { set.Allows("sms", "send"); set.Allows("sms", "x"); none.Allows("a", "b") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBadRightsAreAllNamed(t *testing.T) {
	bad := []string{"", "sms", ".", "sms.", ".send", "*.send", "*.*", "sms.send.x", "1sms.send", "sms.se nd", "sms.send\n", "**", strings.Repeat("a", 65) + ".b", "смс.send"}
	set, err := auth.ParseRights(append([]string{"sms.send"}, bad...))
	if err == nil || set.Allows("sms", "send") {
		t.Fatalf("got %v, %v", set, err)
	}
	for _, text := range bad {
		if _, err := auth.ParseRights([]string{text}); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if got := strings.Count(err.Error(), "is not a right"); got != len(bad) {
		t.Errorf("the error names %d of %d", got, len(bad))
	}
}

func FuzzParseRights(f *testing.F) {
	for _, s := range []string{"*", "sms.send", "sms.*", "a.b,c.d", "..", "", "sms.send,*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		texts := strings.Split(text, ",")
		set, err := auth.ParseRights(texts)
		if err != nil {
			return
		}
		// What is written again means the same, and every single right is held.
		again, err := auth.ParseRights(set.Strings())
		if err != nil || !slices.Equal(again.Strings(), set.Strings()) {
			t.Fatalf("%q becomes %q, %v", texts, set.Strings(), err)
		}
		for _, right := range texts {
			if module, action, _ := strings.Cut(right, "."); !set.Allows(module, action) {
				t.Fatalf("%q is parsed but not held", right)
			}
		}
	})
}
