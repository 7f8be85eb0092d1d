package auth_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

func TestAuthenticateRefuses(t *testing.T) {
	f := setUp(t)
	live := f.login("alice").Token
	for name, text := range map[string]string{
		"empty": "", "unknown": strings.Repeat("0", 32), "upper case": strings.ToUpper(live), "short": live[:31], "long": live + "0",
		"spaces": " " + live[1:], "not hex": live[:31] + "g", "bytes": strings.Repeat("\xff", 32), "almost": live[:31] + flip(live[31]),
	} {
		if p, err := f.Authenticate(text, home); p != nil || err != auth.ErrUnauthorized {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
	f.wantAlive(live)
}

func flip(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

func TestTokenExpires(t *testing.T) {
	f := setUp(t) // idle 1 h, lifetime 24 h
	idle, used := f.login("alice").Token, f.login("alice").Token
	for range 23 {
		f.clock.advance(time.Hour - time.Second)
		f.wantAlive(used)
	}
	f.wantDead(idle)
	if list, _ := f.Tokens("alice"); len(list) != 1 {
		t.Errorf("%d tokens are listed, want the one in use", len(list))
	}
	f.clock.advance(time.Hour - time.Second) // 24 h - 24 s
	f.wantAlive(used)
	f.clock.advance(24 * time.Second)
	f.wantDead(used)
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	if n := f.store.count("token/"); n != 0 {
		t.Errorf("%d expired tokens are still stored", n)
	}
}

func TestExpiredTokensAreDroppedAtStart(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	f.clock.advance(time.Hour)
	f.reopen()
	f.wantDead(token)
	if f.store.count("token/") != 0 {
		t.Error("the expired token is still stored")
	}
}

// TestLastUseIsWrittenInBatches: requests never write; a sweep writes each token once, and only if it was used.
func TestLastUseIsWrittenInBatches(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	f.login("alice") // never used
	before := f.store.written()
	for range 100 {
		f.clock.advance(10 * time.Second)
		f.wantAlive(token)
	}
	if f.store.written() != before {
		t.Error("a request wrote to the store")
	}
	for range 2 {
		if err := f.Sweep(); err != nil {
			t.Fatal(err)
		}
		if n := f.store.written() - before; n != 1 {
			t.Errorf("%d records were written, want the one of the used token", n)
		}
	}
	f.clock.advance(50 * time.Minute)
	f.reopen()
	f.wantAlive(token) // 66 minutes old, but used 50 minutes ago
}

func TestSweepReportsAndRepeats(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	f.clock.advance(time.Minute)
	f.wantAlive(token)
	f.store.failWith(errStore)
	if err := f.Sweep(); !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
	f.store.failWith(nil)
	before := f.store.written()
	if err := f.Sweep(); err != nil || f.store.written() != before+1 {
		t.Errorf("after a failure the use is not written: %v", err)
	}
}

// TestRunFlushesAtTheEnd: what was used before a shutdown is written.
func TestRunFlushesAtTheEnd(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.PersistEvery = time.Hour })
	token := f.login("alice").Token
	f.clock.advance(30 * time.Minute)
	f.wantAlive(token)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	cancel()
	<-done
	f.clock.advance(45 * time.Minute)
	f.reopen()
	f.wantAlive(token)
}

func TestRevoke(t *testing.T) {
	f := setUp(t)
	f.create("bob", auth.RoleManager)
	a, b, c := f.login("alice"), f.login("alice"), f.login("alice")
	other := f.login("bob")
	if err := f.Revoke(t.Context(), "alice", other.Principal.TokenID); err != auth.ErrNoToken {
		t.Errorf("another user's token gives %v", err)
	}
	if err := f.Revoke(t.Context(), "nobody", a.Principal.TokenID); err != auth.ErrNoUser {
		t.Errorf("an unknown user gives %v", err)
	}
	if err := f.Revoke(t.Context(), "alice", a.Principal.TokenID); err != nil {
		t.Fatal(err)
	}
	f.wantDead(a.Token)
	f.wantAlive(b.Token)
	if n, err := f.RevokeAll(t.Context(), "alice", c.Principal.TokenID); n != 1 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	f.wantDead(b.Token)
	f.wantAlive(c.Token)
	f.wantAlive(other.Token)
	f.reopen()
	f.wantDead(a.Token)
	f.wantAlive(c.Token)

	f.store.failWith(errStore)
	if err := f.Revoke(t.Context(), "alice", c.Principal.TokenID); !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
	f.wantDead(c.Token) // dead at once, even if the store does not know yet
}

func TestTokensAreListed(t *testing.T) {
	f := setUp(t)
	first := f.login("alice")
	f.clock.advance(time.Minute)
	second, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: "CRM", Address: abroad})
	if err != nil {
		t.Fatal(err)
	}
	f.clock.advance(time.Minute)
	f.wantAlive(first.Token)
	list, err := f.Tokens("alice")
	if err != nil || len(list) != 2 {
		t.Fatalf("got %v, %v", list, err)
	}
	if got := list[0]; got.ID != second.Principal.TokenID || got.Label != "CRM" || got.Address != abroad || !got.Expires.Equal(second.Expires) {
		t.Errorf("the newest is %+v", got)
	}
	if got := list[1]; got.Label != "login" || got.Address != home || got.LastUsed.Sub(got.Created) != 2*time.Minute {
		t.Errorf("the oldest is %+v", got)
	}
	if _, err := f.Tokens("nobody"); err != auth.ErrNoUser {
		t.Errorf("an unknown user gives %v", err)
	}
}

func TestTokensPerUser(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.TokensPerUser = 3 })
	var tokens []string
	for range 3 {
		tokens = append(tokens, f.login("alice").Token)
		f.clock.advance(time.Minute)
	}
	f.wantAlive(tokens[0]) // now the second one is unused for longest
	f.clock.advance(time.Minute)
	tokens = append(tokens, f.login("alice").Token)
	f.wantDead(tokens[1])
	for _, i := range []int{0, 2, 3} {
		f.wantAlive(tokens[i])
	}
	if n := f.store.count("token/"); n != 3 {
		t.Errorf("%d tokens are stored", n)
	}
}

func TestIssue(t *testing.T) {
	f := setUp(t)
	f.create("bob", auth.RoleIntegrator)
	f.update("bob", func(u *auth.User) { u.Status = auth.StatusBlocked })
	for _, login := range []string{"bob", "nobody"} {
		if _, err := f.Issue(t.Context(), login, auth.TokenOptions{}); err != auth.ErrNoUser {
			t.Errorf("%s: got %v", login, err)
		}
	}
	for _, label := range []string{strings.Repeat("ы", 101), "a\nb", "\xff"} {
		if _, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: label}); invalidField(err) != "label" {
			t.Errorf("label %q: got %v", label, err)
		}
	}
	forever, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: "old CRM", Lifetime: 1 << 62, Idle: -1})
	if err != nil {
		t.Fatal(err)
	}
	f.clock.advance(50 * 365 * 24 * time.Hour)
	f.reopen()
	f.wantAlive(forever.Token)
	f.clock.advance(51 * 365 * 24 * time.Hour)
	f.wantDead(forever.Token)
}

func TestTokenOnlyFromAllowedNetworks(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	f.update("alice", func(u *auth.User) {
		u.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	})
	for ip, want := range map[string]bool{
		"192.0.2.10": true, "::ffff:192.0.2.11": true, "2001:db8::1": true, "198.51.100.20": false, "2001:db9::1": false,
	} {
		if _, err := f.Authenticate(token, netip.MustParseAddr(ip)); (err == nil) != want {
			t.Errorf("%s: got %v", ip, err)
		}
	}
	if _, err := f.Authenticate(token, netip.Addr{}); err == nil {
		t.Error("an unknown address passes a list of networks")
	}
}

func TestDamagedRecords(t *testing.T) {
	f := setUp(t)
	token := f.login("alice").Token
	for key, value := range map[string]string{
		"token/zz": "{}", "token/" + strings.Repeat("a", 64): `{"id":"x"}`, "token/" + strings.Repeat("b", 64): "no JSON",
		"token/": "", "token/" + strings.Repeat("c", 66): "{}",
	} {
		if err := f.store.Put(key, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	f.reopen()
	f.wantAlive(token)
	if n := f.store.count("token/"); n != 1 {
		t.Errorf("%d token records stay, want the good one", n)
	}

	if err := f.store.Put("user/bob", []byte(`{"login":"bob",`), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Open(t.Context(), f.store, f.opt); err == nil || !strings.Contains(err.Error(), "user/bob") {
		t.Errorf("a damaged user gives %v", err)
	}
	if err := f.store.Put("user/bob", []byte(`{"login":"alice"}`), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Open(t.Context(), f.store, f.opt); err == nil {
		t.Error("a user under a wrong key is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := auth.Open(ctx, f.store, f.opt); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled start gives %v", err)
	}
}

func TestAuthenticateDoesNotAllocate(t *testing.T) {
	f := setUp(t)
	f.update("alice", func(u *auth.User) { u.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	session := f.login("alice")
	token := session.Token
	derived := f.derive(session).Token
	unknown := strings.Repeat("0", 32)
	if n := testing.AllocsPerRun(200, func() {
		f.clock.advance(2 * time.Second) // so that the use is noted every time
		if p, err := f.Authenticate(token, home); err != nil || !p.Rights.Allows("sms", "send") {
			t.Error("refused")
		}
		if _, err := f.Authenticate(derived, home); err != nil {
			t.Error("refused")
		}
		if _, err := f.Authenticate(unknown, home); err == nil {
			t.Error("accepted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	work := &derivations{}
	a, err := auth.Open(b.Context(), newStore(), auth.WithDerive(auth.Options{}, work.derive))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := a.Create(b.Context(), auth.User{Login: "alice", Role: auth.RoleIntegrator}, password); err != nil {
		b.Fatal(err)
	}
	issued, err := a.Login(b.Context(), "alice", password, home)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.Authenticate(issued.Token, home); err != nil {
				b.Error(err)
			}
		}
	})
}

// FuzzAuthenticate: no text but the token itself authenticates.
func FuzzAuthenticate(f *testing.F) {
	store, work := newStore(), &derivations{}
	a, err := auth.Open(f.Context(), store, auth.WithDerive(auth.Options{}, work.derive))
	if err != nil {
		f.Fatal(err)
	}
	if _, err := a.Create(f.Context(), auth.User{Login: "alice", Role: auth.RoleIntegrator}, password); err != nil {
		f.Fatal(err)
	}
	issued, err := a.Login(f.Context(), "alice", password, home)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", issued.Token, strings.ToUpper(issued.Token), "Bearer " + issued.Token, strings.Repeat("0", 32), "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := a.Authenticate(text, home); (err == nil) != (text == issued.Token) || (p != nil) != (err == nil) {
			t.Fatalf("%q gives %v, %v", text, p, err)
		}
	})
}
