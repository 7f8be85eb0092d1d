package auth

import (
	"context"
	"errors"
	"net/netip"
	"slices"
)

// Login checks a password and issues a token.
//
// Unknown, blocked and deleted users, addresses that are not allowed and wrong passwords all give ErrWrongLogin after
// argon2 work of the same price, that of Options.Argon2; only a hash made with dearer parameters costs more. Repeated
// failures give *TooManyError before any work is done; so does a crowd of logins larger than Options.QueuedLogins.
// Waiting for a turn ends with ctx. A hash that is cheaper than Options.Argon2 is replaced after a login that succeeds.
//
// A user with a second factor gets ErrSecondFactor, which is an ErrWrongLogin; see [Authority.LoginSecond].
func (a *Authority) Login(ctx context.Context, login, password string, ip netip.Addr) (Issued, error) {
	return a.LoginSecond(ctx, login, password, "", ip)
}

// LoginSecond is Login for callers who can ask for a second factor: code is one of the user's app or a recovery code,
// "" when it was not asked for yet. ErrSecondFactor says that it is needed; a wrong one is ErrWrongCode and counts as
// a failed login.
func (a *Authority) LoginSecond(ctx context.Context, login, password, code string, ip netip.Addr) (issued Issued, err error) {
	err = a.withPassword(ctx, login, password, ip, func(stored, newHash string) error {
		issued, err = a.finishLogin(login, stored, newHash, code, ip)
		return err
	})
	return issued, err
}

// ChangePassword replaces a user's own password after checking the old one, with the same throttling and the same
// ErrWrongLogin as Login. All tokens of the user end. Other errors: InvalidError for the new password.
func (a *Authority) ChangePassword(ctx context.Context, login, oldPassword, newPassword string, ip netip.Addr) error {
	if err := checkPassword(newPassword); err != nil {
		return err
	}
	if oldPassword == newPassword {
		return &InvalidError{"password", errors.New("the same as the old one")}
	}
	return a.withPassword(ctx, login, oldPassword, ip, func(stored, _ string) error {
		hash, err := a.hasher.hashNew(ctx, newPassword)
		if err != nil {
			return err
		}
		_, err = a.modify(login, 0, func(rec *userRecord) error {
			if rec.PasswordHash != stored || rec.Status != StatusActive {
				return ErrWrongLogin
			}
			rec.PasswordHash, rec.MustChange = hash, false
			return nil
		})
		return err
	})
}

// withPassword runs then if the password is right: with the stored hash that it was checked against and, if that one
// is too cheap, a new one. It charges the throttle unless then succeeds or something else than the caller is at fault.
func (a *Authority) withPassword(ctx context.Context, login, password string, ip netip.Addr, then func(stored, newHash string) error) error {
	seen := a.lookUp(login, ip)
	charge, wait := a.throttle.begin(login, ip, seen.known, a.opt.Now())
	if wait > 0 {
		return &TooManyError{RetryAfter: wait}
	}
	release, err := a.hasher.acquire(ctx)
	if err != nil {
		charge.refund()
		return err
	}
	right := a.hasher.verify(password, seen.hash) && seen.mayLogIn
	newHash := ""
	switch {
	case !right:
		// An unknown user costs today's parameters. A hash from before they were raised has cost less so far, and
		// that would tell that there is such a user.
		a.hasher.makeUp(seen.hash.params)
	case seen.hash.params.weakerThan(a.opt.Argon2):
		newHash = a.hasher.hash(password).String()
	}
	release()
	if !right {
		return ErrWrongLogin
	}
	err = then(seen.stored, newHash)
	switch {
	case err == nil:
		charge.succeed()
	case errors.Is(err, ErrSecondFactor), !errors.Is(err, ErrWrongLogin):
		charge.refund()
	}
	return err
}

// candidate is what is known about a user before the expensive work, which is done without the lock.
type candidate struct {
	stored   string // the PHC text that hash was parsed from
	hash     passwordHash
	mayLogIn bool
	known    bool // has logged in from this network before
}

func (a *Authority) lookUp(login string, ip netip.Addr) candidate {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var c candidate
	acc := a.find(login)
	if acc != nil {
		c.stored = acc.PasswordHash
		c.known = slices.Contains(acc.Known, NetworkOf(ip))
		c.mayLogIn = acc.Status == StatusActive && mayComeFrom(acc.AllowedIPs, ip)
	}
	var err error
	if c.stored != "" {
		if c.hash, err = parsePasswordHash(c.stored); err == nil {
			return c
		}
		a.opt.Log.Error("a password hash is damaged, set a new password", "user", acc.Login, "error", err)
	}
	c.mayLogIn = false
	c.hash, _ = parsePasswordHash(a.hasher.dummy) // made by the hasher itself
	return c
}

// finishLogin issues the token, unless the user changed while the password was checked.
func (a *Authority) finishLogin(login, stored, newHash, code string, ip netip.Addr) (Issued, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.find(login)
	if acc == nil || acc.Status != StatusActive || acc.PasswordHash != stored || !mayComeFrom(acc.AllowedIPs, ip) {
		return Issued{}, ErrWrongLogin
	}
	rec := acc.userRecord
	factor := FactorNone
	if rec.hasSecond() {
		if code == "" {
			return Issued{}, ErrSecondFactor
		}
		own := *rec.Second
		own.Recovery = slices.Clone(own.Recovery)
		rec.Second = &own
		var err error
		if factor, err = a.spendCode(rec.Second, code, true); err != nil {
			return Issued{}, err
		}
	}
	rec.LastLogin = a.opt.Now().UTC()
	rec.Known = remember(rec.Known, ip)
	if newHash != "" {
		rec.PasswordHash = newHash
	}
	if err := a.putUser(rec); err != nil {
		return Issued{}, err
	}
	acc.userRecord = rec
	issued, err := a.issue(acc, TokenOptions{Label: loginLabel, Address: ip})
	issued.Factor = factor
	return issued, err
}

// loginLabel marks the tokens that a login made.
const loginLabel = "login"
