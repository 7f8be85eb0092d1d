package auth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

func TestLoginGivesAToken(t *testing.T) {
	f := setUp(t)
	issued := f.login("alice")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(issued.Token) {
		t.Errorf("token %q", issued.Token)
	}
	p := f.wantAlive(issued.Token)
	if p.Login != "alice" || p.Role != auth.RoleIntegrator || p.TokenID == "" || p != issued.Principal {
		t.Errorf("principal %+v", p)
	}
	if !p.Rights.Allows("sms", "send") || p.Rights.Allows("sms", "status") || !p.Rights.Allows("report", "anything") {
		t.Error("the rights are not those of the user")
	}
	if f.store.contains(issued.Token) || f.store.contains(password) {
		t.Error("the store holds a token or a password")
	}
	if other := f.login("alice"); other.Token == issued.Token {
		t.Error("two logins give the same token")
	}
	f.wantAlive(issued.Token)
	f.reopen()
	f.wantAlive(issued.Token)
}

// TestRefusedLoginsLookTheSame proves equal timing by equal work: every refusal takes one derivation of the same price.
func TestRefusedLoginsLookTheSame(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.LoginAttempts = 1000 })
	for _, login := range []string{"blocked", "deleted", "elsewhere"} {
		f.create(login, auth.RoleIntegrator)
	}
	f.update("blocked", func(u *auth.User) { u.Status = auth.StatusBlocked })
	f.update("deleted", func(u *auth.User) { u.Status = auth.StatusDeleted })
	f.update("elsewhere", func(u *auth.User) { u.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} })
	f.work.take()

	f.login("alice")
	_, wantParams := f.work.take()
	for name, try := range map[string][2]string{
		"wrong password":    {"alice", "wrong password"},
		"empty password":    {"alice", ""},
		"unknown user":      {"nobody", password},
		"other case":        {"Alice", password},
		"blocked user":      {"blocked", password},
		"blocked and wrong": {"blocked", "wrong password"},
		"deleted user":      {"deleted", password},
		"wrong address":     {"elsewhere", password},
		"malformed login":   {"al ice\x00'--", password},
		"empty login":       {"", ""},
		"huge password":     {"alice", strings.Repeat("x", 1<<20)},
		"password and more": {"alice", password + "\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			f.work.take()
			issued, err := f.Login(t.Context(), try[0], try[1], home)
			if err != auth.ErrWrongLogin || issued.Token != "" {
				t.Errorf("got %v, %v", issued, err)
			}
			if runs, params := f.work.take(); runs != 1 || !maps.Equal(params, wantParams) {
				t.Errorf("took %d derivations %v, want one of %v", runs, params, wantParams)
			}
		})
	}
	if f.store.count("token/") != 1 {
		t.Error("a refused login left a token")
	}
}

// TestOldHashesLookLikeNoUser: after the parameters were changed, a refusal takes at least today's work, whoever is
// named. Work is memory times passes, on as many lanes as today's at most.
func TestOldHashesLookLikeNoUser(t *testing.T) {
	today := auth.Argon2{MemoryKiB: 1000, Time: 3, Parallelism: 2}
	for name, row := range map[string]struct {
		old    auth.Argon2
		dearer bool
	}{
		"less memory":                   {old: auth.Argon2{MemoryKiB: 100, Time: 3, Parallelism: 2}},
		"fewer passes":                  {old: auth.Argon2{MemoryKiB: 1000, Time: 2, Parallelism: 2}},
		"less of both":                  {old: auth.Argon2{MemoryKiB: 64, Time: 1, Parallelism: 1}},
		"a little less":                 {old: auth.Argon2{MemoryKiB: 999, Time: 3, Parallelism: 2}},
		"more memory, fewer passes":     {old: auth.Argon2{MemoryKiB: 1200, Time: 2, Parallelism: 2}},
		"more lanes":                    {old: auth.Argon2{MemoryKiB: 1000, Time: 3, Parallelism: 4}},
		"today's":                       {old: today},
		"fewer lanes":                   {old: auth.Argon2{MemoryKiB: 1000, Time: 3, Parallelism: 1}},
		"fewer passes over much memory": {old: auth.Argon2{MemoryKiB: 4000, Time: 1, Parallelism: 2}, dearer: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, func(o *auth.Options) { o.Argon2 = row.old })
			f.create("blocked", auth.RoleIntegrator)
			f.update("blocked", func(u *auth.User) { u.Status = auth.StatusBlocked })
			f.opt.Argon2 = today
			f.reopen()
			refuse := func(login, password string) (work int) {
				t.Helper()
				f.work.take()
				if _, err := f.Login(t.Context(), login, password, home); err != auth.ErrWrongLogin {
					t.Errorf("%s: got %v", login, err)
				}
				_, params := f.work.take()
				for p, n := range params {
					if p.MemoryKiB > max(today.MemoryKiB, row.old.MemoryKiB) {
						t.Errorf("%s: took %d KiB at a time", login, p.MemoryKiB)
					}
					work += n * int(p.MemoryKiB*p.Time) * int(min(p.Parallelism, today.Parallelism)) / int(p.Parallelism)
				}
				return work
			}
			want := refuse("nobody", password)
			if want != int(today.MemoryKiB*today.Time) {
				t.Fatalf("an unknown user takes %d", want)
			}
			for login, password := range map[string]string{"alice": "wrong password", "blocked": password} {
				// Above by what rounding and the least memory of argon2 add.
				if got := refuse(login, password); got < want || !row.dearer && got > want+8*int(today.Parallelism)*int(today.Time) {
					t.Errorf("%s takes %d, an unknown user %d", login, got, want)
				}
			}
			f.work.take()
			f.login("alice")
			if _, params := f.work.take(); params[row.old] == 0 || len(params) > 2 {
				t.Errorf("a login that succeeds took %v", params)
			}
		})
	}
}

func TestRehashWhenParametersGrow(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.Argon2 = auth.Argon2{MemoryKiB: 64, Time: 1, Parallelism: 1} })
	f.opt.Argon2 = auth.Argon2{MemoryKiB: 128, Time: 2, Parallelism: 1}
	f.reopen()
	if _, err := f.Login(t.Context(), "alice", "wrong password", home); err != auth.ErrWrongLogin || f.store.contains("m=128") {
		t.Fatalf("a refused login gives %v or changes the hash", err)
	}
	f.login("alice")
	if f.store.contains("m=64,") || !f.store.contains("$m=128,t=2,p=1$") {
		t.Error("the cheap hash is still there after a login")
	}
	f.reopen()
	f.work.take()
	f.login("alice")
	if runs, params := f.work.take(); runs != 1 || params[f.opt.Argon2] != 1 {
		t.Errorf("the next login took %d derivations %v", runs, params)
	}
	// Smaller parameters do not weaken hashes that are there.
	f.opt.Argon2 = auth.Argon2{MemoryKiB: 64, Time: 1, Parallelism: 1}
	f.reopen()
	f.login("alice")
	if f.store.contains("m=64,") {
		t.Error("a login made the hash cheaper")
	}
}

// TestRealArgon2 runs the true function once, so that the stand-in of the other tests hides nothing.
func TestRealArgon2(t *testing.T) {
	store := newStore()
	a, err := auth.Open(t.Context(), store, auth.Options{Argon2: auth.Argon2{MemoryKiB: 256, Time: 1, Parallelism: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), auth.User{Login: "bob", Role: auth.RoleManager}, password); err != nil {
		t.Fatal(err)
	}
	if !store.contains("$argon2id$v=19$m=256,t=1,p=2$") {
		t.Error("the stored hash is not argon2id in PHC form")
	}
	issued, err := a.Login(t.Context(), "bob", password, home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(issued.Token, home); err != nil {
		t.Error(err)
	}
	if _, err := a.Login(t.Context(), "bob", password+"!", home); err != auth.ErrWrongLogin {
		t.Errorf("a wrong password gives %v", err)
	}
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*auth.TooManyError](err); ok {
		return e.RetryAfter
	}
	return 0
}

func TestGuessingOneUserFromOneAddress(t *testing.T) {
	f := setUp(t)
	for range 5 {
		if _, err := f.Login(t.Context(), "alice", "wrong password", abroad); err != auth.ErrWrongLogin {
			t.Fatalf("a free attempt gives %v", err)
		}
	}
	f.work.take()
	for want := time.Second; want < 15*time.Minute; want *= 2 {
		_, err := f.Login(t.Context(), "alice", password, abroad)
		if got := retryAfter(err); got != want {
			t.Fatalf("the wait is %v (%v), want %v", got, err, want)
		}
		if runs, _ := f.work.take(); runs != 0 {
			t.Fatal("a throttled attempt costs work")
		}
		f.clock.advance(want - 1)
		if _, err := f.Login(t.Context(), "alice", password, abroad); retryAfter(err) != 1 {
			t.Fatalf("a nanosecond before its time the attempt gives %v", err)
		}
		f.clock.advance(1)
		if _, err := f.Login(t.Context(), "alice", "wrong password", abroad); err != auth.ErrWrongLogin {
			t.Fatalf("after the wait the attempt gives %v", err)
		}
		f.work.take()
	}
	f.login("alice") // from home, nothing of it is felt
	f.clock.advance(15 * time.Minute)
	if _, err := f.Login(t.Context(), "alice", password, abroad); err != nil {
		t.Errorf("after the window the login gives %v", err)
	}
	if _, err := f.Login(t.Context(), "alice", "wrong password", abroad); err != auth.ErrWrongLogin {
		t.Errorf("a success did not clear the counter: %v", err)
	}
}

// TestParallelGuessesCount: guesses in flight must count before any of them has failed.
func TestParallelGuessesCount(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.Hashers = 64 })
	entered, open := make(chan struct{}, 64), make(chan struct{})
	f.work.during = func() { entered <- struct{}{}; <-open }
	results := make(chan error, 20)
	for range 20 {
		go func() {
			_, err := f.Login(t.Context(), "alice", "wrong password", abroad)
			results <- err
		}()
	}
	for range 5 {
		<-entered
	}
	throttled := 0
	for range 15 { // these come back while the five are still being checked
		if retryAfter(<-results) > 0 {
			throttled++
		}
	}
	close(open)
	for range 5 {
		if err := <-results; err != auth.ErrWrongLogin {
			t.Errorf("got %v", err)
		}
	}
	if throttled != 15 {
		t.Errorf("%d of 15 were throttled", throttled)
	}
}

func TestSprayingFromOneAddress(t *testing.T) {
	f := setUp(t)
	for i := range 20 {
		if _, err := f.Login(t.Context(), fmt.Sprintf("user%d", i), "wrong password", abroad); err != auth.ErrWrongLogin {
			t.Fatalf("attempt %d gives %v", i, err)
		}
	}
	if _, err := f.Login(t.Context(), "user99", "wrong password", abroad); retryAfter(err) != time.Second {
		t.Errorf("the 21st user from one address gives %v", err)
	}
	// The whole /64 of an IPv6 customer is one address.
	for i := range 20 {
		ip := netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1))
		if _, err := f.Login(t.Context(), fmt.Sprintf("user%d", i), "wrong password", ip); err != auth.ErrWrongLogin {
			t.Fatalf("attempt %d gives %v", i, err)
		}
	}
	if _, err := f.Login(t.Context(), "user99", "x", netip.MustParseAddr("2001:db8::ffff")); retryAfter(err) == 0 {
		t.Errorf("the 21st attempt from one /64 gives %v", err)
	}
	if _, err := f.Login(t.Context(), "user99", "x", netip.MustParseAddr("2001:db8:0:1::1")); err != auth.ErrWrongLogin {
		t.Errorf("another /64 gives %v", err)
	}
}

// TestDistributedAttackDoesNotLockOut: many addresses attack one user; the user still gets in from where it was before.
func TestDistributedAttackDoesNotLockOut(t *testing.T) {
	f := setUp(t)
	live := f.login("alice")
	attack := func(i int) error {
		_, err := f.Login(t.Context(), "alice", "wrong password", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		return err
	}
	for i := range 50 {
		if err := attack(i); err != auth.ErrWrongLogin {
			t.Fatalf("attempt %d gives %v", i, err)
		}
	}
	if retryAfter(attack(50)) == 0 {
		t.Fatal("the attack is not slowed down")
	}
	for i := range 3000 { // it never stops
		f.clock.advance(time.Second)
		if wait := retryAfter(attack(100 + i)); wait > 30*time.Second {
			t.Fatalf("strangers wait %v", wait)
		}
	}
	f.wantAlive(live.Token)
	f.login("alice")
	f.reopen() // the known address survives a restart
	for i := range 60 {
		_ = attack(i)
	}
	f.login("alice")
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	f := setUp(t)
	const room = 1000
	f.LimitThrottle(room)
	for i := range 5 * room { // two or three counters each
		ip := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
		_, _ = f.Login(t.Context(), fmt.Sprintf("u%d", i), "x", ip)
	}
	if n := f.ThrottleEntries(); n > room || n < room/2 {
		t.Errorf("%d counters are held", n)
	}
	f.clock.advance(time.Hour)
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	if n := f.ThrottleEntries(); n != 0 {
		t.Errorf("%d counters are held after the window", n)
	}
}

// TestPasswordChecksAreBounded: argon2 takes much memory, so only so many run and only so many wait.
func TestPasswordChecksAreBounded(t *testing.T) {
	f := setUp(t, func(o *auth.Options) { o.Hashers, o.QueuedLogins, o.LoginAttempts = 2, 3, 1000 })
	entered, open := make(chan struct{}, 64), make(chan struct{})
	f.work.during = func() { entered <- struct{}{}; <-open }
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 16)
	for range 2 {
		go func() {
			_, err := f.Login(t.Context(), "alice", password, home)
			results <- err
		}()
		<-entered
	}
	for range 8 { // three may wait, five are sent away at once
		go func() {
			_, err := f.Login(ctx, "alice", password, home)
			results <- err
		}()
	}
	for range 5 {
		if err := <-results; retryAfter(err) == 0 {
			t.Errorf("a login beyond the queue gives %v", err)
		}
	}
	if len(entered) != 0 {
		t.Error("more checks run than allowed")
	}
	cancel()
	for range 3 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled login gives %v", err)
		}
	}
	close(open)
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("a login in progress gives %v", err)
		}
	}
}

// TestUserChangesDuringTheCheck: what happens while argon2 runs must count.
func TestUserChangesDuringTheCheck(t *testing.T) {
	for name, change := range map[string]func(f *fixture){
		"blocked": func(f *fixture) { f.update("alice", func(u *auth.User) { u.Status = auth.StatusBlocked }) },
		"networks": func(f *fixture) {
			f.update("alice", func(u *auth.User) { u.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} })
		},
		"password": func(f *fixture) {
			if err := f.SetPassword(f.t.Context(), "alice", "another password", false); err != nil {
				f.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t)
			f.work.during = func() {
				f.work.mu.Lock()
				f.work.during = nil
				f.work.mu.Unlock()
				change(f)
			}
			if _, err := f.Login(t.Context(), "alice", password, home); err != auth.ErrWrongLogin {
				t.Errorf("got %v", err)
			}
			if f.store.count("token/") != 0 {
				t.Error("a token was left")
			}
		})
	}
}

func TestLoginWhenTheStoreFails(t *testing.T) {
	f := setUp(t)
	f.store.failWith(errStore)
	for range 30 { // not the caller's fault, so never throttled
		if _, err := f.Login(t.Context(), "alice", password, home); !errors.Is(err, errStore) {
			t.Fatalf("got %v", err)
		}
	}
	f.store.failWith(nil)
	f.login("alice")
}

func TestChangePassword(t *testing.T) {
	f := setUp(t)
	old := f.login("alice")
	f.update("alice", func(u *auth.User) { u.MustChange = true })
	const next = "a new password"
	if err := f.ChangePassword(t.Context(), "alice", "wrong password", next, home); err != auth.ErrWrongLogin {
		t.Errorf("a wrong old password gives %v", err)
	}
	for _, bad := range []string{"short", "", password, strings.Repeat("x", 1025), "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if err := f.ChangePassword(t.Context(), "alice", password, bad, home); invalidField(err) != "password" {
			t.Errorf("the new password %.20q gives %v", bad, err)
		}
	}
	f.wantAlive(old.Token)
	if err := f.ChangePassword(t.Context(), "alice", password, next, home); err != nil {
		t.Fatal(err)
	}
	f.wantDead(old.Token)
	if _, err := f.Login(t.Context(), "alice", password, home); err != auth.ErrWrongLogin {
		t.Errorf("the old password gives %v", err)
	}
	issued, err := f.Login(t.Context(), "alice", next, home)
	if err != nil || issued.Principal.MustChange {
		t.Errorf("the new password gives %+v, %v", issued, err)
	}
	f.reopen()
	f.wantAlive(issued.Token)
	f.wantDead(old.Token)
}

func FuzzPasswordHash(f *testing.F) {
	for _, s := range []string{
		"", "$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g", "$argon2i$v=19$m=1,t=1,p=1$$",
		"$argon2id$v=16$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=8,t=1,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=8,t=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		again, p, err := auth.ParsePasswordHash(text)
		if err != nil {
			return
		}
		// What is accepted must be affordable and must survive being written.
		if p.MemoryKiB > 1<<20 || p.Time == 0 || p.Time > 64 || p.Parallelism == 0 {
			t.Fatalf("%q is accepted with %+v", text, p)
		}
		if third, _, err := auth.ParsePasswordHash(again); err != nil || third != again {
			t.Fatalf("%q is written as %q, read as %q, %v", text, again, third, err)
		}
	})
}
