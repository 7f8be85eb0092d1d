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

// leave uses up what a network may have in the journal but for n requests.
func leave(t *testing.T, r *rig, network string, n int) {
	t.Helper()
	rate := auth.Rate{PerSecond: 10, Burst: 20_000}
	for range rate.Burst - n {
		if ok, _ := r.opt.Limiter.Allow(auth.LimitKey{Action: "stranger " + network}, rate); !ok {
			t.Fatal("it is used up")
		}
	}
}

// TestStrangersDoNotFillTheJournal: without a token one network gets so many records
// and no more, and always the same answer; who has a token, and other networks, notice
// nothing.
func TestStrangersDoNotFillTheJournal(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	r.opt.TrustedProxies = []netip.Prefix{mustAddr(t, "0.0.0.0/8")} // where the test's connections come from
	r.route("send", replies(abi.Reply{}))
	r.start()
	const most = 100
	leave(t, r, "2001:db8:0:1::/64", most)
	for i := range most + 100 {
		address := "2001:db8:0:1::" + string("0123456789abcdef"[i%16]) // one customer
		if a := r.do("POST", "/sms/send", phone, "X-Forwarded-For", address); a.status != 401 || a.body != `{"error":"Unauthorized!"}` {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := len(r.records.all()); n != most || strings.Count(r.log.String(), "too many requests without a valid token") != 1 {
		t.Errorf("%d records, log %s", n, r.log)
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
	before := len(r.records.all())
	r.do("POST", "/sms/send", phone, "X-Forwarded-For", "2001:db8:0:1::1")
	if n := len(r.records.all()); n != before+1 {
		t.Errorf("a second later: %d records more", n-before)
	}
}

// TestTooLargeDoesNotFillTheJournal: nobody looked who sent such a body.
func TestTooLargeDoesNotFillTheJournal(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	base := r.start().listen()
	leave(t, r, "127.0.0.1/32", 10)
	body := strings.Repeat("x", 5000)
	for range 20 {
		if a := r.post(base+"/sms/send", body, http.Header{}); a.status != 413 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := len(r.records.all()); n != 10 {
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
	leave(t, r, "0.0.0.0/32", 10)
	for range 20 {
		if a := r.do("POST", "/auth/login", "{}", "Content-Type", "application/json"); a.status != 419 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := r.do("POST", "/auth/login", `{"login":"crm","password":"wrong"}`, "Content-Type", "application/json"); a.status == 419 || a.status == 429 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := len(r.records.all()); n != 11 {
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
