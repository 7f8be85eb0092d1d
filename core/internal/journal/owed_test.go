package journal_test

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// TestOutcomeOnAFullDisk: an SMS and a call are under way when the disk becomes full.
// Their outcomes are refused, and written by themselves when there is room: here
// by Close, which makes a last attempt.
func TestOutcomeOnAFullDisk(t *testing.T) {
	for name, room := range map[string]int64{journal.ResultOK: math.MaxInt64, journal.ResultUnknown: 0} {
		var free atomic.Int64
		free.Store(math.MaxInt64)
		s, err := store.Open(store.Options{Dir: t.TempDir(), Reserve: 1 << 20, Free: func() (int64, error) { return free.Load(), nil }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		open := func() *journal.Journal {
			j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		j := open()
		sms, err := j.BeginSMS(t.Context(), journal.SMS{Phone: "79190000000", Message: "text"})
		if err != nil {
			t.Fatal(err)
		}
		call, err := j.BeginCall(t.Context(), journal.Call{Called: "9001"})
		if err != nil {
			t.Fatal(err)
		}
		free.Store(0)
		for { // the store does not look each time
			if err := s.Full(); errors.Is(err, store.ErrFull) {
				break
			}
		}
		if err := j.EndSMS(t.Context(), sms, journal.SMSOutcome{Result: journal.ResultOK, MessageID: "m1"}); !errors.Is(err, store.ErrFull) {
			t.Errorf("the end of an SMS: %v", err)
		}
		if err := j.EndCall(t.Context(), call, journal.CallOutcome{Result: journal.ResultOK, UUID: "u1"}); !errors.Is(err, store.ErrFull) {
			t.Errorf("the end of a call: %v", err)
		}
		free.Store(room)
		for room > 0 && s.Full() != nil {
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open()
		messages, err := j.SMS(t.Context(), journal.Query{Limit: 10})
		if err != nil || len(messages.Rows) != 1 || messages.Rows[0].Result != name {
			t.Errorf("%s: %+v %v", name, messages.Rows, err)
		}
		dialled, err := j.Calls(t.Context(), journal.Query{Limit: 10})
		if err != nil || len(dialled.Rows) != 1 || dialled.Rows[0].Result != name {
			t.Errorf("%s: %+v %v", name, dialled.Rows, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
