package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// SecondFactors are the second factors of users; see [auth.Authority].
type SecondFactors interface {
	LoginSecond(ctx context.Context, login, password, code string, ip netip.Addr) (auth.Issued, error)
	BeginSecondFactor(ctx context.Context, login, password string, ip netip.Addr) (auth.Enrolment, error)
	ConfirmSecondFactor(login, keep, code string, ip netip.Addr) ([]string, error)
	RenewRecoveryCodes(login, code string, ip netip.Addr) ([]string, error)
	EndSecondFactor(login, code string, ip netip.Addr) error
	ResetSecondFactor(login string) error
	RecoveryLeft(login string) int
}

var errLocalUser = problem.Conflict("The local administrator has no session!")

// enrolmentView is shown once.
type enrolmentView struct {
	Secret string `json:"secret"`
	URL    string `json:"url"`
	// QR is a picture of the URL as a data: address.
	QR string `json:"qr"`
}

// recoveryView is shown once.
type recoveryView struct {
	Codes []string `json:"recovery_codes"`
}

// wrongCode turns a wrong code into a 422: a 401 would tell a browser that its
// session has ended.
func wrongCode(err error, field string) error {
	if errors.Is(err, auth.ErrWrongLogin) {
		message := "is wrong or was used already"
		if field == "password" {
			message = "is not the present password"
		}
		return Reject(field, Violation{Pointer: "/" + field, Message: message})
	}
	return err
}

func (a *API) beginSecond(c *call) (any, error) {
	if c.local {
		return nil, errLocalUser
	}
	var password string
	if err := c.decode(fields{"password": str(&password)}, "password"); err != nil {
		return nil, err
	}
	e, err := a.opt.Users.BeginSecondFactor(c.ctx, c.who.Login, password, c.ip)
	if err != nil {
		return nil, wrongCode(err, "password")
	}
	return enrolmentView{e.Secret, e.URL, "data:image/png;base64," + base64.StdEncoding.EncodeToString(e.QR)}, nil
}

// withCode reads {"code"} and does something with it that is audited.
func (a *API) withCode(c *call, action string, do func(code string) (any, error)) (any, error) {
	if c.local {
		return nil, errLocalUser
	}
	var code string
	if err := c.decode(fields{"code": str(&code)}, "code"); err != nil {
		return nil, err
	}
	answer, err := do(code)
	if err != nil {
		return nil, wrongCode(err, "code")
	}
	return answer, a.audit(c, action, c.who.Login, nil, nil)
}

func (a *API) confirmSecond(c *call) (any, error) {
	return a.withCode(c, "user.second_factor.enable", func(code string) (any, error) {
		codes, err := a.opt.Users.ConfirmSecondFactor(c.who.Login, c.who.TokenID, code, c.ip)
		return recoveryView{codes}, err
	})
}

func (a *API) renewRecovery(c *call) (any, error) {
	return a.withCode(c, "user.second_factor.recovery", func(code string) (any, error) {
		codes, err := a.opt.Users.RenewRecoveryCodes(c.who.Login, code, c.ip)
		return recoveryView{codes}, err
	})
}

func (a *API) endSecond(c *call) (any, error) {
	return a.withCode(c, "user.second_factor.disable", func(code string) (any, error) {
		return nil, a.opt.Users.EndSecondFactor(c.who.Login, code, c.ip)
	})
}

func (a *API) resetSecond(c *call) (any, error) {
	login := c.param("login")
	if err := a.opt.Users.ResetSecondFactor(login); err != nil {
		return nil, err
	}
	return nil, a.audit(c, "user.second_factor.reset", login, nil, nil)
}
