package main

import (
	"errors"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// reports says how to read what an aggregator sends to the webhook. The paths go
// into the call, {query, header, data, body}, or into each element of a list in it.
type reports struct {
	list, id, reference, status, detail string
	answer                              string
}

func newReports(v patchbay.Value) (*reports, error) {
	get := func(name string) string { return v.Get("receipt_" + name).String() }
	r := &reports{get("list_path"), get("id_path"), get("reference_path"), get("status_path"), get("detail_path"), get("answer")}
	switch {
	case r.status == "" && r.id == "" && r.reference == "" && r.list == "":
		return nil, nil // no receipts
	case r.status == "":
		return nil, errors.New("receipt_status_path: is missing; without it a receipt says nothing")
	case r.id == "" && r.reference == "":
		return nil, errors.New("receipt_id_path, receipt_reference_path: one of them must tell which message a receipt is about")
	case v.Get("statuses").Len() == 0:
		return nil, errors.New("statuses: are missing; nobody can tell what a receipt means")
	}
	return r, nil
}

// receipt reads one call of the aggregator.
func receipt(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	a := configured
	if a.reports == nil {
		return sms.Receipts{}, patchbay.Invalid("receipt", "receipts are not configured: receipt_status_path is empty")
	}
	call := t.Params()
	elements := []patchbay.Value{call}
	if a.reports.list != "" {
		elements = elements[:0]
		for e := range call.Path(a.reports.list).Elements() {
			elements = append(elements, e)
		}
	}
	out := sms.Receipts{Answer: sms.Answer{Status: 200, ContentType: "text/plain; charset=utf-8", Body: a.reports.answer}}
	for _, e := range elements {
		if r, ok := a.reports.read(e, a.statuses); ok {
			out.List = append(out.List, r)
		}
	}
	if len(out.List) == 0 {
		return sms.Receipts{}, patchbay.Invalid("receipt", "no message id or no status at the configured paths")
	}
	return out, nil
}

func (r *reports) read(e patchbay.Value, statuses []meaning) (sms.Receipt, bool) {
	text := func(path string) string {
		if path == "" {
			return ""
		}
		return strings.TrimSpace(clip(e.Path(path).String()))
	}
	out := sms.Receipt{MessageID: text(r.id), Reference: text(r.reference)}
	status := text(r.status)
	out.Status, out.Detail = meaningOf(statuses, status), text(r.detail)
	if out.Detail == "" {
		out.Detail = status
	}
	return out, status != "" && (out.MessageID != "" || out.Reference != "")
}

// meaning maps an aggregator's words to a status.
type meaning struct {
	status sms.Status
	in     []string
	test   func(text, value string) bool
}

func newMeanings(v patchbay.Value) []meaning {
	var all []meaning
	for e := range v.Elements() {
		m := meaning{status: sms.Status(e.Get("status").String()), test: tests[e.Get("match").String()]}
		for word := range e.Get("in").Elements() {
			m.in = append(m.in, word.String())
		}
		all = append(all, m)
	}
	return all
}

// meaningOf returns the first meaning that fits; what none names is unknown.
func meaningOf(all []meaning, text string) sms.Status {
	for _, m := range all {
		for _, word := range m.in {
			if m.test(text, word) {
				return m.status
			}
		}
	}
	return sms.Unknown
}

// status asks the aggregator what became of a message.
func status(t *patchbay.Task, q sms.Query) (sms.Report, error) {
	a := configured
	if a.status == nil {
		return sms.Report{}, &patchbay.Error{Code: abi.CodeDenied, Source: abi.SourcePlugin, Detail: "status_url is not configured"}
	}
	values := a.statusValues(q)
	if a.status.Uses("message_id") && q.MessageID == "" {
		return sms.Report{}, patchbay.Invalid("message_id", "the aggregator gave the message no id to ask by")
	}
	request, err := a.status.Build(values, a.authorization)
	if err != nil {
		return sms.Report{}, patchbay.Invalid("message_id", err.Error())
	}
	code, body, err := a.fetch(t, request)
	if err != nil {
		return sms.Report{}, patchbay.Unavailable(system, err)
	}
	text := strings.TrimSpace(clip(at(body, a.statusPath, values).String()))
	if !a.rules.isAccepted(code) || text == "" {
		return sms.Report{}, patchbay.Unavailable(system, errors.New(a.detail(code, body, values)+"; there is no status at status_path"))
	}
	return sms.Report{Status: meaningOf(a.statuses, text), Detail: text}, nil
}
