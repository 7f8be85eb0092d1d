package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Names in "… is unavailable!".
const (
	system        = "SMS provider"
	journalSystem = "Journal"
)

// message is one SMS on its way.
type message struct {
	phone      string // E.164
	text       string
	originator string
	encoding   string
	segments   int
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
	providers, err := candidates(t)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	if len(providers) == 0 {
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New("no instance of "+point+" is configured"))
	}
	if m.journalID, err = t.BeginSMS(m.intent(t, providers[0])); err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(journalSystem, err)
	}
	return m.through(t, providers)
}

func newMessage(t *patchbay.Task) (*message, error) {
	m := &message{phone: t.Phone("phone").E164, text: t.Param("message"), originator: originator(t)}
	if m.phone == "" {
		return nil, patchbay.Invalid("phone", "the number has no international form")
	}
	m.encoding, m.segments = segments(m.text)
	if m.segments > settings.maxSegments {
		return nil, patchbay.Invalid("message", strconv.Itoa(m.segments)+" segments, max_segments is "+strconv.Itoa(settings.maxSegments))
	}
	return m, nil
}

func originator(t *patchbay.Task) string {
	if o := t.Param("originator"); o != "" {
		return o
	}
	return settings.originator
}

// intent is the journal's record; the phone stays as the caller gave it, because
// reports show it that way.
func (m *message) intent(t *patchbay.Task, provider string) patchbay.Value {
	project := t.Param("project_id")
	if project == "" {
		project = settings.projectID
	}
	var o patchbay.Object
	return o.Str("phone", t.Param("phone")).Str("originator", m.originator).Str("message", m.text).
		Str("project_id", project).Str("session_id", t.Param("session_id")).Str("provider", provider).Value()
}

// through tries one provider after the other until one of them decides.
func (m *message) through(t *patchbay.Task, providers []string) (patchbay.Reply, error) {
	var last error
	for _, provider := range providers {
		answer, err := t.Call(point, "send", provider, m.params())
		switch outcome(err) {
		case patchbay.ResultOK:
			id := answer.Get("message_id").String()
			m.end(t, patchbay.ResultOK, provider, id, "")
			return m.reply(t, patchbay.ResultOK, provider, id), nil
		case patchbay.ResultError:
			m.end(t, patchbay.ResultError, provider, "", err.Error())
			return m.reply(t, patchbay.ResultError, provider, ""), nil
		case patchbay.ResultUnknown:
			m.end(t, patchbay.ResultUnknown, provider, "", err.Error())
			return patchbay.Reply{}, patchbay.Unavailable(system, err)
		}
		t.Warn("provider did not take the SMS; nothing was sent", "provider", provider, "error", err.Error())
		last = err
	}
	m.end(t, patchbay.ResultError, providers[len(providers)-1], "", last.Error())
	return patchbay.Reply{}, patchbay.Unavailable(system, last)
}

// outcome tells what is known after a provider's answer, "" when it is certain
// that nothing was sent and another provider may be asked.
func outcome(err error) string {
	if err == nil {
		return patchbay.ResultOK
	}
	var e *patchbay.Error
	switch {
	case !errors.As(err, &e), e.Sent:
		return patchbay.ResultUnknown
	case e.Code == abi.CodeRefused, e.Code == abi.CodeInvalid:
		return patchbay.ResultError
	}
	return ""
}

func (m *message) params() patchbay.Value {
	var o patchbay.Object
	return o.Str("phone", m.phone).Str("message", m.text).Str("originator", m.originator).
		Str("reference", m.journalID).Str("encoding", m.encoding).Value()
}

// end records the outcome. A journal that fails now cannot take the SMS back, so
// the caller still learns what happened to it; the intent stays in the journal.
func (m *message) end(t *patchbay.Task, result, provider, messageID, detail string) {
	var o patchbay.Object
	o.Str("message_id", messageID).Str("provider", provider).Str("detail", detail).Int("segments", int64(m.segments))
	if err := t.EndSMS(m.journalID, result, o.Value()); err != nil {
		t.Error("outcome of an SMS is not in the journal", "id", m.journalID, "result", result, "error", err.Error())
	}
}

func (m *message) reply(t *patchbay.Task, result, provider, messageID string) patchbay.Reply {
	var o patchbay.Object
	o.Str("result", result)
	if t.Params().Get("extended").Bool() {
		o.Str("id", m.journalID).Str("message_id", messageID).Str("provider", provider).
			Str("encoding", m.encoding).Int("segments", int64(m.segments))
	}
	return patchbay.JSON(o.Value())
}
