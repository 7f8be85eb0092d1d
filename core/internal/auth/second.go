package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"image/png"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

var (
	// ErrSecondFactor means that the password is right and a code is needed, too. Whoever does not know of second
	// factors may treat it as the ErrWrongLogin that it is.
	ErrSecondFactor = fmt.Errorf("%w: the code of the second factor is missing", ErrWrongLogin)
	// ErrWrongCode means that a code is wrong, too old, or used already.
	ErrWrongCode = fmt.Errorf("%w: the code is wrong or was used already", ErrWrongLogin)
	// ErrNoSecondFactor means that the user has none, or has not begun to enrol one.
	ErrNoSecondFactor = errors.New("there is no second factor")
	// ErrHasSecondFactor means that the user has one already.
	ErrHasSecondFactor = errors.New("there is a second factor already")
)

// secondFactor is a time-based one-time password (RFC 6238): SHA-1, six digits, thirty seconds, which is what every
// authenticator app takes.
type secondFactor struct {
	Secret    string `json:"secret"` // base32
	Confirmed bool   `json:"confirmed"`
	// LastStep is the newest time step whose code was used: none is taken twice.
	LastStep int64 `json:"last_step,omitempty"`
	// Recovery are the SHA-256 of the codes for a lost device that are left. The codes have 80 random bits.
	Recovery []string `json:"recovery,omitempty"`
}

const (
	totpPeriod    = 30
	totpSkew      = 1 // steps that a clock may be off
	recoveryCodes = 10
	totpIssuer    = "Patchbay"
	qrSize        = 240 // pixels
	maxCode       = 64  // bytes
)

// Factor says what proved a login beside the password.
type Factor string

// The factors.
const (
	FactorNone     Factor = ""
	FactorCode     Factor = "code"
	FactorRecovery Factor = "recovery code"
)

// Enrolment is what an authenticator app needs. It is shown once.
type Enrolment struct {
	Secret string // base32, to type in
	URL    string // otpauth://…
	QR     []byte // PNG of the URL
}

// BeginSecondFactor makes a secret for a user who has no second factor, after checking the password again: with a
// stolen session nobody may lock its owner out. It holds nothing up until it is confirmed. Errors: those of Login,
// ErrHasSecondFactor.
func (a *Authority) BeginSecondFactor(ctx context.Context, login, password string, ip netip.Addr) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: login, Period: totpPeriod, Algorithm: otp.AlgorithmSHA1, Digits: otp.DigitsSix})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a secret: %w", err)
	}
	image, err := key.Image(qrSize, qrSize)
	if err != nil {
		return Enrolment{}, fmt.Errorf("draw the code: %w", err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image); err != nil {
		return Enrolment{}, fmt.Errorf("draw the code: %w", err)
	}
	err = a.withPassword(ctx, login, password, ip, func(stored, _ string) error {
		return a.changeSecond(login, func(rec *userRecord) error {
			switch {
			case rec.PasswordHash != stored || rec.Status != StatusActive:
				return ErrWrongLogin
			case rec.Second != nil && rec.Second.Confirmed:
				return ErrHasSecondFactor
			}
			rec.Second = &secondFactor{Secret: key.Secret()}
			return nil
		})
	})
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{Secret: key.Secret(), URL: key.URL(), QR: picture.Bytes()}, nil
}

// ConfirmSecondFactor puts the second factor into force with a first code and returns the recovery codes, which are
// shown once. Sessions that began with the password alone end, and what was issued from them, but the one named keep.
// Errors: ErrWrongCode, ErrNoSecondFactor, ErrHasSecondFactor, *TooManyError.
func (a *Authority) ConfirmSecondFactor(login, keep, code string, ip netip.Addr) ([]string, error) {
	codes, hashes := newRecoveryCodes()
	err := a.withCode(login, ip, func() error {
		return a.changeSecond(login, func(rec *userRecord) error {
			if rec.Second != nil && rec.Second.Confirmed {
				return ErrHasSecondFactor
			}
			if err := a.useCode(rec, code, false); err != nil {
				return err
			}
			rec.Second.Confirmed, rec.Second.Recovery = true, hashes
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if acc := a.find(login); acc != nil {
		for _, s := range acc.sessions {
			if s.rec.ID != keep && s.rec.Label == loginLabel {
				if err := a.end(acc, s); err != nil {
					a.opt.Log.Warn("the record of an ended token stays", "user", login, "error", err)
				}
			}
		}
	}
	return codes, nil
}

// RenewRecoveryCodes replaces the recovery codes after a code. Errors: as ConfirmSecondFactor.
func (a *Authority) RenewRecoveryCodes(login, code string, ip netip.Addr) ([]string, error) {
	codes, hashes := newRecoveryCodes()
	err := a.withCode(login, ip, func() error {
		return a.changeSecond(login, func(rec *userRecord) error {
			if err := a.useCode(rec, code, true); err != nil {
				return err
			}
			rec.Second.Recovery = hashes
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// EndSecondFactor removes a user's own second factor after a code, which may be a recovery code. Errors: as
// ConfirmSecondFactor.
func (a *Authority) EndSecondFactor(login, code string, ip netip.Addr) error {
	return a.withCode(login, ip, func() error {
		return a.changeSecond(login, func(rec *userRecord) error {
			if err := a.useCode(rec, code, true); err != nil {
				return err
			}
			rec.Second = nil
			return nil
		})
	})
}

// ResetSecondFactor removes the second factor of a user who has lost it. It is for administrators. Errors: ErrNoUser,
// ErrNoSecondFactor.
func (a *Authority) ResetSecondFactor(login string) error {
	return a.changeSecond(login, func(rec *userRecord) error {
		if rec.Second == nil {
			return ErrNoSecondFactor
		}
		rec.Second = nil
		return nil
	})
}

// RecoveryLeft returns how many recovery codes a user has left; 0 without a second factor.
func (a *Authority) RecoveryLeft(login string) int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	acc := a.find(login)
	if acc == nil || !acc.hasSecond() {
		return 0
	}
	return len(acc.Second.Recovery)
}

func (rec *userRecord) hasSecond() bool { return rec.Second != nil && rec.Second.Confirmed }

func (a *Authority) changeSecond(login string, change func(*userRecord) error) error {
	_, err := a.modify(login, 0, func(rec *userRecord) error {
		if rec.Second != nil { // what change edits must not be what readers see
			own := *rec.Second
			own.Recovery = slices.Clone(own.Recovery)
			rec.Second = &own
		}
		return change(rec)
	})
	return err
}

// withCode charges the throttle for a code that is wrong.
func (a *Authority) withCode(login string, ip netip.Addr, do func() error) error {
	charge, wait := a.throttle.begin(login, ip, a.lookUp(login, ip).known, a.opt.Now())
	if wait > 0 {
		return &TooManyError{RetryAfter: wait}
	}
	err := do()
	switch {
	case err == nil:
		charge.succeed()
	case !errors.Is(err, ErrWrongLogin):
		charge.refund()
	}
	return err
}

// useCode takes a code off the record: of the app or, with recovery, one for a lost device.
func (a *Authority) useCode(rec *userRecord, code string, recovery bool) error {
	if rec.Second == nil {
		return ErrNoSecondFactor
	}
	if _, err := a.spendCode(rec.Second, code, recovery); err != nil {
		return err
	}
	return nil
}

func (a *Authority) spendCode(s *secondFactor, code string, recovery bool) (Factor, error) {
	if len(code) > maxCode {
		return FactorNone, ErrWrongCode
	}
	code = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
	now := a.opt.Now().Unix() / totpPeriod
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := totp.GenerateCodeCustom(s.Secret, time.Unix(step*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return FactorNone, fmt.Errorf("the secret of the second factor is damaged, reset it: %w", err)
		}
		if step > s.LastStep && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			s.LastStep = step
			return FactorCode, nil
		}
	}
	if recovery {
		if i := slices.Index(s.Recovery, hashRecovery(code)); i >= 0 {
			s.Recovery = slices.Delete(s.Recovery, i, i+1)
			return FactorRecovery, nil
		}
	}
	return FactorNone, ErrWrongCode
}

// newRecoveryCodes returns codes such as "abcd-efgh-ijkl-mnop" and their hashes.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		text := strings.ToLower(rand.Text())[:16]
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, hashRecovery(text))
	}
	return codes, hashes
}

func hashRecovery(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
