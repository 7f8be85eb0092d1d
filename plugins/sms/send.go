package main

import (
	"errors"
	"slices"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms/segments"
)

// Names in "… is unavailable!".
const (
	system        = "SMS provider"
	journalSystem = "Journal"
)

// message is one SMS on its way.
type message struct {
	phone      string // E.164
	region     string
	text       string
	originator string
	projectID  string
	encoding   string
	segments   int
	key        string // decides between weights; the same for the same message
	journalID  string
}

// send sends one SMS. The intent is in the journal before anything leaves, so a
// crash cannot lose an SMS without a trace. Another provider is tried only when it
// is certain that nothing was accepted: an SMS that arrives twice is worse than
// one that is reported as unknown.
func send(t *patchbay.Task) (patchbay.Reply, error) {
	m, err := newMessage(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	all, err := t.Providers(point)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	a := newAttempt(m, newRoute(m, all))
	if len(a.candidates) == 0 {
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New(a.story()+": no instance of "+point+" is configured"))
	}
	intended := a.candidates[0].Instance
	first, admitted := a.next()
	switch {
	case admitted:
		intended = first.Instance
	case a.busy:
		// Nothing was tried: this is a limit like any other, not an SMS that failed.
		return patchbay.Reply{}, a.refusal()
	}
	if m.journalID, err = t.BeginSMS(m.intent(t, intended)); err != nil {
		if admitted {
			gates.calledOff(first.Instance)
		}
		return patchbay.Reply{}, patchbay.Unavailable(journalSystem, err)
	}
	return a.run(t, first, admitted)
}

func newMessage(t *patchbay.Task) (*message, error) {
	phone := t.Phone("phone")
	m := &message{phone: phone.E164, region: phone.Region, text: t.Param("message"), originator: or(t.Param("originator"), settings.originator)}
	if m.phone == "" {
		return nil, patchbay.Invalid("phone", "the number has no international form")
	}
	m.projectID = or(t.Param("project_id"), settings.projectID)
	m.key = t.RequestID() + m.phone
	m.encoding, m.segments = segments.Count(m.text)
	if m.segments > settings.maxSegments {
		return nil, patchbay.Invalid("message", strconv.Itoa(m.segments)+" segments, max_segments is "+strconv.Itoa(settings.maxSegments))
	}
	return m, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// intent is the journal's record; the phone stays as the caller gave it, because
// reports show it that way.
func (m *message) intent(t *patchbay.Task, provider string) patchbay.Value {
	var o patchbay.Object
	return o.Str("phone", t.Param("phone")).Str("originator", m.originator).Str("message", m.text).
		Str("project_id", m.projectID).Str("session_id", t.Param("session_id")).Str("provider", provider).Value()
}

// outcome tells what is known after a provider's answer, "" when it is certain
// that nothing was sent and another provider may be asked.
func outcome(err error) string {
	if err == nil {
		return patchbay.ResultOK
	}
	e, ok := errors.AsType[*patchbay.Error](err)
	switch {
	case !ok, e.Sent:
		return patchbay.ResultUnknown
	case e.Code == abi.CodeRefused, e.Code == abi.CodeInvalid:
		return patchbay.ResultError
	}
	return ""
}

// wantsReceipts reports whether a provider is to be given the address of its
// webhook.
func wantsReceipts(p patchbay.Provider) bool {
	return settings.receipts && p.ReceiptURL != "" && slices.Contains(p.Operations, "receipt")
}

func (m *message) params(p patchbay.Provider) patchbay.Value {
	var o patchbay.Object
	o.Str("phone", m.phone).Str("message", m.text).Str("originator", m.originator).
		Str("reference", m.journalID).Str("encoding", m.encoding).Int("segments", int64(m.segments))
	receiptURL := ""
	if wantsReceipts(p) {
		receiptURL = p.ReceiptURL
	}
	return o.Str("receipt_url", receiptURL).Value()
}

// ending is what came of an SMS.
type ending struct {
	result   string
	provider patchbay.Provider
	answer   patchbay.Value // of the provider, when it accepted
	detail   string
}

// fields are those of the outcome in the journal. The status is asked for where
// no receipt will tell it.
func (m *message) fields(e ending, story string) patchbay.Value {
	var o patchbay.Object
	o.Str("message_id", e.answer.Get("message_id").String()).Str("provider", e.provider.Instance).Str("detail", e.detail).
		Int("segments", int64(m.segments)).Str("route", story)
	if parts := e.answer.Get("part_ids"); parts.Len() > 0 {
		o.Set("part_ids", parts)
	}
	none := e.answer.Get("receipts")
	receipts := wantsReceipts(e.provider) && (!none.Exists() || none.Bool())
	if e.result != patchbay.ResultError && !receipts && settings.checkAfter > 0 && slices.Contains(e.provider.Operations, "status") {
		o.Int("check_s", settings.checkAfter).Str("check_phone", m.phone)
	}
	return o.Value()
}

// end records the outcome. A journal that fails now cannot take the SMS back, so
// the caller still learns what happened to it; the intent stays in the journal.
func (m *message) end(t *patchbay.Task, e ending, story string) {
	if err := t.EndSMS(m.journalID, e.result, m.fields(e, story)); err != nil {
		t.Error("outcome of an SMS is not in the journal", "id", m.journalID, "result", e.result, "error", err.Error())
	}
}

func (m *message) reply(t *patchbay.Task, e ending, rule string) patchbay.Reply {
	var o patchbay.Object
	o.Str("result", e.result)
	if t.Params().Get("extended").Bool() {
		o.Str("id", m.journalID).Str("message_id", e.answer.Get("message_id").String()).Str("provider", e.provider.Instance).
			Str("encoding", m.encoding).Int("segments", int64(m.segments)).Str("rule", rule)
	}
	return patchbay.JSON(o.Value())
}
