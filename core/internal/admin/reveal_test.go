package admin

import (
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// TestListsShortenNumbers: also where the journal keeps them whole.
func TestListsShortenNumbers(t *testing.T) {
	sms := journal.SMS{Phone: "+79190000000"}
	if got := maskedSMS(&sms).Phone; got != "+7919***00" || smsRowOf(&sms).Phone != sms.Phone {
		t.Errorf("%q", got)
	}
	call := journal.Call{Called: "79190000000", Caller: "1001"}
	if got := maskedCall(&call); got.Called != "7919***00" || got.Caller != "***" {
		t.Errorf("%+v", got)
	}
	short := journal.SMS{Phone: "+7919***00"}
	if got := maskedSMS(&short).Phone; got != short.Phone {
		t.Errorf("%q", got)
	}
	told := journal.SMS{Detail: "no route to 79190000000", StatusDetail: "+7 (919) 000-00-00 is off"}
	if got := maskedSMS(&told); got.Detail != "no route to 7919***00" || got.StatusDetail != "+7919***00 is off" {
		t.Errorf("%+v", got)
	}
	if got := maskedCall(&journal.Call{Detail: "8 919 000-00-00: busy"}).Detail; got != "8919***00: busy" {
		t.Errorf("%q", got)
	}
	for _, date := range []string{"2026-11-22 14:00:00", "22.11.2026 14:00", "7.11.2026 14:00", "2026-11-22T14:00:00.123456Z", "17 000 000,00"} {
		if got := hideNumbers(date); got != date {
			t.Errorf("%s became %s", date, got)
		}
	}
	request := journal.Request{Body: `{"phone":"+79190000000","project_id":"12","list":["8 919","79191111111"]}`}
	if got := string(maskedRequest(&request).Body); got != `{"phone":"+7919***00","project_id":"12","list":["8 919","7919***11"]}` {
		t.Errorf("%s", got)
	}
}

func TestWindow(t *testing.T) {
	var w window
	now := time.Unix(1000, 0)
	for i := range 5 {
		if allowed := w.allow("a", 3, now); allowed != (i < 3) {
			t.Errorf("use %d: %t", i, allowed)
		}
	}
	if !w.allow("b", 3, now) || !w.allow("a", 3, now.Add(useWindow)) {
		t.Error("somebody else, or later, is refused")
	}
}
