package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// inJournal works on the journal of a stopped gateway.
func inJournal(t *testing.T, data string, do func(*journal.Journal)) {
	t.Helper()
	st, err := store.Open(store.Options{Dir: filepath.Join(data, "store")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	j, err := journal.Open(t.Context(), journal.Options{View: st.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	do(j)
}

// TestErase forgets a number in a stopped and in a running gateway; the audit does
// not know it.
func TestErase(t *testing.T) {
	s := newShell(t, shortFolder(t))
	s.good("", "add", "first", "--password", "first-password-1") // makes the data
	write := func() {
		inJournal(t, s.data, func(j *journal.Journal) {
			for _, phone := range []string{"79161234567", "79161234567", "79031112233"} {
				id, err := j.BeginSMS(t.Context(), journal.SMS{Module: "sms", Phone: phone, Message: "hello"})
				if err == nil {
					err = j.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK, Module: "sms"})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := j.AppendRequest(t.Context(), journal.Request{Module: "sms", Body: `{"phone":"8 916 123-45-67"}`}); err != nil {
				t.Fatal(err)
			}
		})
	}
	write()
	erase := func(args ...string) (int, string, string) {
		return s.command(append([]string{"erase"}, args...)...)
	}
	const counts = "2 SMS, 0 calls and 0 call records"
	if code, out, errs := erase("--phone", "+7 916 123-45-67", "--dry-run"); code != exitOK || !strings.Contains(out, counts+" would be deleted") {
		t.Fatalf("dry: %d %s%s", code, out, errs)
	}
	code, out, errs := erase("--phone", "+7 916 123-45-67")
	if code != exitOK || !strings.Contains(out, counts+" deleted") || !strings.Contains(out, "taken out of 1 requests") || strings.Contains(out, "1234567") {
		t.Fatalf("stopped: %d %s%s", code, out, errs)
	}
	write()
	_, stop := s.serve(nil)
	if code, out, errs := erase("--json", "--phone", "79161234567"); code != exitOK || !strings.Contains(out, `"sms":2`) {
		t.Fatalf("running: %d %s%s", code, out, errs)
	}
	if code, _, errs := erase("--phone", "not a number"); code != exitFault || !strings.Contains(errs, "telephone number") {
		t.Errorf("no number: %d %s", code, errs)
	}
	if code, _, _ := erase(); code != exitUsage {
		t.Errorf("without a number: %d", code)
	}
	stop()
	inJournal(t, s.data, func(j *journal.Journal) {
		p, err := j.SMS(t.Context(), journal.Query{})
		if err != nil || len(p.Rows) != 2 || p.Rows[0].Phone != "79031112233" {
			t.Errorf("%+v, %v", p.Rows, err)
		}
		audits, err := j.Audits(t.Context(), journal.Query{})
		if err != nil {
			t.Fatal(err)
		}
		erased := 0
		for _, a := range audits.Rows {
			if !strings.HasPrefix(a.Action, "journal.erase") {
				continue
			}
			if erased++; strings.Contains(a.Object+a.After, "123") || !strings.Contains(a.After, `"SMS":2`) {
				t.Errorf("%+v", a)
			}
		}
		if erased != 3 {
			t.Errorf("%d audit records of erasing", erased)
		}
	})
}
