package admin

import (
	"errors"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Erasure is what became of a telephone number.
type Erasure struct {
	Phone string `json:"phone"` // shortened
	Dry   bool   `json:"dry_run"`
	// SMS, Calls and CallRecords are deleted.
	SMS         int `json:"sms"`
	Calls       int `json:"calls"`
	CallRecords int `json:"call_records"`
	// Requests, Audits and Mentions are records of others that no longer hold the
	// number; Mentions are SMS.
	Requests int `json:"requests"`
	Audits   int `json:"audits"`
	Mentions int `json:"mentions"`
	// InFlight was left alone: it is being sent. Erase again in a quarter of an hour.
	InFlight int `json:"in_flight"`
	// Unreadable counts damaged parts of the journal that nobody can look into.
	Unreadable int `json:"unreadable"`
	// Recordings are ids of the deleted calls: their recordings lie with FreeSWITCH
	// and have to be deleted there.
	Recordings []string `json:"recordings"`
}

// eraseCounts is what the audit keeps.
type eraseCounts struct {
	SMS, Calls, CallRecords, Requests, Audits, Mentions, InFlight int
}

func (a *API) erase(c *call) (any, error) {
	var phone string
	var dry bool
	if err := c.decode(fields{"phone": str(&phone), "dry_run": boolean(&dry)}, "phone"); err != nil {
		return nil, err
	}
	if a.opt.Erase == nil {
		return nil, problem.NotFound("Not found!")
	}
	if strings.TrimSpace(phone) == "" {
		return nil, Reject("request", Violation{Pointer: "/phone", Message: "is empty"})
	}
	out, err := a.opt.Erase(c.ctx, phone, dry)
	var refused *Rejection
	if errors.As(err, &refused) {
		return nil, err
	}
	out.Recordings = nonNil(out.Recordings)
	action := "journal.erase"
	if dry {
		action = "journal.erase.try"
	}
	// Also when it failed: a part is done then.
	counts := eraseCounts{out.SMS, out.Calls, out.CallRecords, out.Requests, out.Audits, out.Mentions, out.InFlight}
	if err := errors.Join(err, a.audit(c, action, out.Phone, nil, counts)); err != nil {
		return nil, err
	}
	return out, nil
}
