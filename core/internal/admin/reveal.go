package admin

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Lists show numbers shortened, also where the journal keeps them whole. Whoever has
// to see one asks for that one record, and the audit knows.

// wholeNumber finds digits in a row, and digits in groups where they begin as numbers
// do: dates do not.
var wholeNumber = regexp.MustCompile(`\+?[0-9]{10,15}|(?:\+[0-9]|\b[78])(?:[ \x{a0}().-]{0,3}[0-9]){9,14}`)

// hideNumber shortens a number unless it is short already.
func hideNumber(s string) string {
	if s == "" || strings.Contains(s, "*") {
		return s
	}
	return maskPhone(s)
}

// hideNumbers shortens what looks like a telephone number inside a text.
func hideNumbers(s string) string { return wholeNumber.ReplaceAllStringFunc(s, maskPhone) }

func requestRowOf(r *journal.Request) requestRow {
	return requestRow{
		ID: r.ID, Time: r.Time, Module: r.Module, Action: r.Action, Status: r.Status, Error: r.Error, Body: raw(r.Body), User: r.User, IP: r.IP,
		Duration: milliseconds(r.Duration), RequestID: r.RequestID, Reason: r.Reason, Ignored: nonNil(r.Ignored), ErrorID: r.ErrorID,
	}
}

func maskedRequest(r *journal.Request) requestRow {
	row := requestRowOf(r)
	row.Body = raw(hideNumbers(r.Body))
	return row
}

func smsRowOf(r *journal.SMS) smsRow {
	return smsRow{
		ID: r.ID, Time: r.Time, Phone: r.Phone, Originator: r.Originator, Message: r.Message, ProjectID: r.ProjectID, SessionID: r.SessionID,
		User: r.User, RequestID: r.RequestID, Provider: r.Provider, MessageID: r.MessageID, Result: r.Result, Detail: r.Detail,
		Segments: r.Segments, Done: optional(r.Done),
		Route: r.Route, Status: r.Status, StatusDetail: r.StatusDetail, StatusAt: optional(r.StatusAt),
	}
}

func maskedSMS(r *journal.SMS) smsRow {
	row := smsRowOf(r)
	row.Phone = hideNumber(row.Phone)
	row.Detail, row.StatusDetail = hideNumbers(row.Detail), hideNumbers(row.StatusDetail)
	return row
}

func callRowOf(r *journal.Call) callRow {
	return callRow{
		ID: r.ID, Time: r.Time, Node: r.Node, Called: r.Called, Caller: r.Caller, Account: r.Account, UUID: r.UUID, User: r.User,
		RequestID: r.RequestID, Result: r.Result, Detail: r.Detail, Done: optional(r.Done),
	}
}

func maskedCall(r *journal.Call) callRow {
	row := callRowOf(r)
	row.Called, row.Caller = hideNumber(row.Called), hideNumber(row.Caller)
	row.Detail = hideNumbers(row.Detail)
	return row
}

// revealedView is one record as the journal keeps it.
type revealedView struct {
	Kind string `json:"kind"`
	Row  any    `json:"row"`
}

// maxReveals bounds how many records one person may look into within a minute: a
// telephone book is not copied number by number.
const maxReveals = 30

func (a *API) reveal(c *call) (any, error) {
	id, at, err := c.place()
	if err != nil {
		return nil, err
	}
	if !a.reveals.allow(c.login(), maxReveals, time.Now()) {
		return nil, problem.TooMany(useWindow)
	}
	kind := c.param("kind")
	row, err := a.recordAt(c.ctx, kind, id, at)
	if err != nil {
		return nil, err
	}
	// First the record, then the number.
	if err := a.audit(c, "journal.reveal", kind+" "+c.param("id"), nil, nil); err != nil {
		return nil, err
	}
	return revealedView{kind, row}, nil
}

// recordAt finds one record by its id and its time.
func (a *API) recordAt(ctx context.Context, kind string, id uint64, at time.Time) (any, error) {
	switch kind {
	case "requests":
		p, err := a.opt.Journal.Requests(ctx, spotOf(at))
		return pick(p, err, id, func(r *journal.Request) uint64 { return r.ID }, requestRowOf)
	case "sms":
		p, err := a.opt.Journal.SMS(ctx, spotOf(at))
		return pick(p, err, id, func(r *journal.SMS) uint64 { return r.ID }, smsRowOf)
	case "calls":
		p, err := a.opt.Journal.Calls(ctx, spotOf(at))
		return pick(p, err, id, func(r *journal.Call) uint64 { return r.ID }, callRowOf)
	}
	return nil, problem.NotFound("No such record!")
}

func pick[R, T any](p journal.Page[R], err error, id uint64, of func(*R) uint64, convert func(*R) T) (any, error) {
	if err != nil {
		return nil, err
	}
	for i := range p.Rows {
		if of(&p.Rows[i]) == id {
			return convert(&p.Rows[i]), nil
		}
	}
	return nil, problem.NotFound("No such record!")
}
