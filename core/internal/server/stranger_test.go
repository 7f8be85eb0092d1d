package server_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestStrangersDoNotFillTheJournal: without a token one network gets so many records
// and no more; who has a token, and other networks, notice nothing.
func TestStrangersDoNotFillTheJournal(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	r.opt.TrustedProxies = []netip.Prefix{mustAddr(t, "0.0.0.0/8")} // where the test's connections come from
	r.route("send", replies(abi.Reply{}))
	r.start()
	const most = 500
	statuses := map[int]int{}
	for i := range most + 100 {
		address := "2001:db8:0:1::" + string("0123456789abcdef"[i%16]) // one customer
		a := r.do("POST", "/sms/send", phone, "X-Forwarded-For", address)
		if statuses[a.status]++; a.status == 429 && a.header.Get("Retry-After") == "" {
			t.Fatal("429 without Retry-After")
		}
	}
	if statuses[401] != most || statuses[429] != 100 || len(r.records.all()) != most {
		t.Errorf("answers %v, %d records", statuses, len(r.records.all()))
	}
	for name, c := range map[string]struct {
		address, token string
		status         int
	}{
		"another network":       {"2001:db8:0:2::1", "none", 401},
		"a token from the same": {"2001:db8:0:1::1", r.token, 200},
	} {
		before := len(r.records.all())
		a := r.do("POST", "/sms/send", phone, "X-Forwarded-For", c.address, "Authorization", "Bearer "+c.token, "Content-Type", "application/json")
		if a.status != c.status || len(r.records.all()) != before+1 {
			t.Errorf("%s: %d %s, %d records more", name, a.status, a.body, len(r.records.all())-before)
		}
	}
	now = now.Add(time.Second)
	if a := r.do("POST", "/sms/send", phone, "X-Forwarded-For", "2001:db8:0:1::1"); a.status != 401 {
		t.Errorf("a second later: %d", a.status)
	}
}

// TestTooLargeDoesNotFillTheJournal: nobody looked who sent such a body.
func TestTooLargeDoesNotFillTheJournal(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	base := r.start().listen()
	body := strings.Repeat("x", 5000)
	for range 510 {
		if a := r.post(base+"/sms/send", body, http.Header{}); a.status != 413 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := len(r.records.all()); n != 500 {
		t.Errorf("%d records", n)
	}
}

// TestLoginsWithoutACheckDoNotFillTheJournal: a check of a password is always recorded,
// and there are not many of them.
func TestLoginsWithoutACheckDoNotFillTheJournal(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	r.start()
	for range 510 {
		if a := r.do("POST", "/auth/login", "{}", "Content-Type", "application/json"); a.status != 419 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := r.do("POST", "/auth/login", `{"login":"crm","password":"wrong"}`, "Content-Type", "application/json"); a.status == 419 || a.status == 429 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := len(r.records.all()); n != 501 {
		t.Errorf("%d records", n)
	}
}

// TestCDRRate: credentials of a node cannot be guessed without end.
func TestCDRRate(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	asked := 0
	r.opt.CDR = func(context.Context, server.CDRPost) error {
		asked++
		return server.ErrCDRDenied
	}
	r.start()
	var last answer
	for range 1010 {
		last = r.do("POST", "/cdr/pbx?token=guess", "{}")
	}
	if asked != 1000 || last.status != 429 {
		t.Errorf("%d guesses were looked at, the last was answered %d", asked, last.status)
	}
}
