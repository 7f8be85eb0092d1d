package auth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// code is RFC 6238 once more, for the tests alone.
func code(secret []byte, at time.Time, digits int) string {
	m := hmac.New(sha1.New, secret)
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	at4 := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at4:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

func TestTheTestKnowsRFC6238(t *testing.T) {
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1234567890: "89005924", 20000000000: "65353130"} {
		if got := code([]byte("12345678901234567890"), time.Unix(at, 0), 8); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

// app is an authenticator.
type app struct {
	f      *fixture
	secret []byte
}

func (a *app) code() string { return code(a.secret, a.f.clock.Now(), 6) }

func (f *fixture) enrol(login string) (*app, auth.Enrolment) {
	f.t.Helper()
	e, err := f.BeginSecondFactor(f.t.Context(), login, password, home)
	if err != nil {
		f.t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	if err != nil || len(secret) < 20 {
		f.t.Fatalf("secret %q: %v", e.Secret, err)
	}
	return &app{f, secret}, e
}

func TestSecondFactor(t *testing.T) {
	f := setUp(t)
	session, other := f.login("alice"), f.login("alice")
	machine, err := f.Issue(t.Context(), "alice", auth.TokenOptions{Label: "crm"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.BeginSecondFactor(t.Context(), "alice", "wrong password", home); !errors.Is(err, auth.ErrWrongLogin) {
		t.Errorf("with a stolen session: %v", err)
	}
	phone, e := f.enrol("alice")
	if !strings.HasPrefix(e.URL, "otpauth://totp/Patchbay:alice?") || !strings.Contains(e.URL, "secret="+e.Secret) {
		t.Errorf("URL %s", e.URL)
	}
	if _, err := png.Decode(bytes.NewReader(e.QR)); err != nil {
		t.Errorf("picture: %v", err)
	}
	f.login("alice") // nothing is needed before it is confirmed
	if _, err := f.ConfirmSecondFactor("alice", session.Principal.TokenID, "000000", home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("a wrong code: %v", err)
	}
	recovery, err := f.ConfirmSecondFactor("alice", session.Principal.TokenID, phone.code(), home)
	if err != nil || len(recovery) != 10 || f.RecoveryLeft("alice") != 10 {
		t.Fatalf("%q, %v", recovery, err)
	}
	if f.store.contains(recovery[0]) || f.store.contains(strings.ReplaceAll(recovery[0], "-", "")) {
		t.Error("a recovery code is stored as it is")
	}
	f.wantAlive(session.Token)
	f.wantAlive(machine.Token)
	f.wantDead(other.Token)
	if u, _ := f.User("alice"); !u.SecondFactor {
		t.Error("the user does not show it")
	}
	if _, err := f.BeginSecondFactor(t.Context(), "alice", password, home); !errors.Is(err, auth.ErrHasSecondFactor) {
		t.Errorf("a second one: %v", err)
	}

	f.reopen()
	if _, err := f.Login(t.Context(), "alice", password, home); !errors.Is(err, auth.ErrSecondFactor) || !errors.Is(err, auth.ErrWrongLogin) {
		t.Errorf("without a code: %v", err)
	}
	if _, err := f.LoginSecond(t.Context(), "alice", "wrong password", phone.code(), home); !errors.Is(err, auth.ErrWrongLogin) || errors.Is(err, auth.ErrSecondFactor) {
		t.Errorf("a wrong password tells of the second factor: %v", err)
	}
	used := phone.code()
	if _, err := f.LoginSecond(t.Context(), "alice", password, used, home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("the code of the confirmation was taken again: %v", err)
	}
	f.clock.advance(30 * time.Second)
	in, err := f.LoginSecond(t.Context(), "alice", password, phone.code()[:3]+" "+phone.code()[3:], home)
	if err != nil || in.Factor != auth.FactorCode {
		t.Fatalf("%v, %v", in.Factor, err)
	}
	if _, err := f.LoginSecond(t.Context(), "alice", password, phone.code(), home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("a code was taken twice: %v", err)
	}
	f.clock.advance(60 * time.Second)
	late := code(phone.secret, f.clock.Now().Add(-30*time.Second), 6)
	if _, err := f.LoginSecond(t.Context(), "alice", password, late, home); err != nil {
		t.Errorf("a clock that is half a minute late: %v", err)
	}
	f.clock.advance(time.Hour)
	early := code(phone.secret, f.clock.Now().Add(2*time.Minute), 6)
	if _, err := f.LoginSecond(t.Context(), "alice", password, early, home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("a clock that is two minutes early: %v", err)
	}
	in, err = f.LoginSecond(t.Context(), "alice", password, strings.ToUpper(recovery[3]), home)
	if err != nil || in.Factor != auth.FactorRecovery || f.RecoveryLeft("alice") != 9 {
		t.Errorf("a recovery code: %v, %v", in.Factor, err)
	}
	if _, err := f.LoginSecond(t.Context(), "alice", password, recovery[3], home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("a recovery code was taken twice: %v", err)
	}
	again, err := f.RenewRecoveryCodes("alice", phone.code(), home)
	if err != nil || len(again) != 10 {
		t.Fatal(err)
	}
	if err := f.EndSecondFactor("alice", recovery[0], home); !errors.Is(err, auth.ErrWrongCode) {
		t.Errorf("an old recovery code: %v", err)
	}
	if err := f.EndSecondFactor("alice", again[0], home); err != nil {
		t.Errorf("end: %v", err)
	}
	f.login("alice")
	if err := f.EndSecondFactor("alice", phone.code(), home); !errors.Is(err, auth.ErrNoSecondFactor) {
		t.Errorf("end twice: %v", err)
	}
	if _, err := f.ConfirmSecondFactor("alice", "", "000000", home); !errors.Is(err, auth.ErrNoSecondFactor) {
		t.Errorf("confirm nothing: %v", err)
	}
}

func TestGuessingCodesIsThrottled(t *testing.T) {
	f := setUp(t)
	phone, _ := f.enrol("alice")
	if _, err := f.ConfirmSecondFactor("alice", "", phone.code(), home); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(time.Hour)
	for _, guess := range map[string]func() error{
		"login": func() error { _, err := f.LoginSecond(t.Context(), "alice", password, "000000", abroad); return err },
		"end":   func() error { return f.EndSecondFactor("alice", "000000", home) },
	} {
		var tooMany *auth.TooManyError
		refused := 0
		for range 8 {
			err := guess()
			switch {
			case errors.As(err, &tooMany):
				refused++
			case !errors.Is(err, auth.ErrWrongCode):
				t.Errorf("%v", err)
			}
		}
		if refused != 3 {
			t.Errorf("%d of 8 guesses were refused", refused)
		}
	}
	// Asking without a code is no failed attempt: it is the first half of each login.
	f.clock.advance(time.Hour)
	for range 20 {
		if _, err := f.Login(t.Context(), "alice", password, home); !errors.Is(err, auth.ErrSecondFactor) {
			t.Fatal(err)
		}
	}
}

func TestAnAdministratorTakesASecondFactorAway(t *testing.T) {
	f := setUp(t)
	phone, _ := f.enrol("alice")
	if _, err := f.ConfirmSecondFactor("alice", "", phone.code(), home); err != nil {
		t.Fatal(err)
	}
	f.update("alice", func(u *auth.User) { u.SecondFactor = false; u.Note = "x" })
	if u, _ := f.User("alice"); !u.SecondFactor {
		t.Error("an update took it away")
	}
	if err := f.ResetSecondFactor("alice"); err != nil {
		t.Fatal(err)
	}
	f.login("alice")
	if err := f.ResetSecondFactor("alice"); !errors.Is(err, auth.ErrNoSecondFactor) {
		t.Errorf("%v", err)
	}
	if err := f.ResetSecondFactor("nobody"); !errors.Is(err, auth.ErrNoUser) {
		t.Errorf("%v", err)
	}
	// A store that fails changes nothing.
	f.store.failWith(errStore)
	if _, err := f.BeginSecondFactor(t.Context(), "alice", password, home); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	f.store.failWith(nil)
	if _, err := f.ConfirmSecondFactor("alice", "", "000000", home); !errors.Is(err, auth.ErrNoSecondFactor) {
		t.Errorf("%v", err)
	}
}
