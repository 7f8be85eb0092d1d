package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// receiptQuery is what Kannel fills in when it calls (userguide 1.4.5, delivery
// reports): %d the kind of the report, %i the connection, %A what the operator
// answered. Kannel gives no message id, so our reference goes along.
const receiptQuery = "&state=%d&smsc=%i&answer=%A"

// receiptURL is the address for one message: that of the operator's settings, or
// the webhook of this instance. It is "" without either.
func receiptURL(p patchbay.Value) (string, error) {
	reference := p.Get("reference").String()
	if settings.dlrURL != nil {
		return settings.dlrURL.Render(template.Values{"reference": reference})
	}
	hook := p.Get("receipt_url").String()
	if hook == "" {
		return "", nil
	}
	// Kannel looks for escapes in the whole address.
	b := append([]byte(strings.ReplaceAll(hook, "%", "%%")), "?reference="...)
	return string(template.AppendQuery(b, reference)) + receiptQuery, nil
}

// states are the kinds of Kannel's reports.
var states = map[string]sms.Status{
	"1": sms.Delivered, "2": sms.Undelivered, "4": sms.OnTheWay, "8": sms.OnTheWay, "16": sms.Rejected,
}

// receipt reads one report of Kannel.
func receipt(_ *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	status, known := states[w.Query.Get("state").String()]
	reference := w.Query.Get("reference").String()
	if !known || reference == "" {
		return sms.Receipts{}, patchbay.Invalid("receipt", "a report of Kannel has a reference and a state of 1, 2, 4, 8 or 16")
	}
	answer := clip(withoutText(w.Query.Get("answer").String()))
	if status == sms.Undelivered {
		status = failure(answer)
	}
	return sms.Receipts{List: []sms.Receipt{{Reference: reference, Report: sms.Report{Status: status, Detail: answer}}}}, nil
}

// failure looks for the reason in an operator's report (SMPP 3.4, appendix B).
func failure(answer string) sms.Status {
	switch {
	case strings.Contains(answer, "stat:EXPIRED"):
		return sms.Expired
	case strings.Contains(answer, "stat:REJECTD"):
		return sms.Rejected
	}
	return sms.Undelivered
}

// withoutText takes off the beginning of the message that operators' reports end with
// (SMPP 3.4, appendix B): it is nobody's business.
func withoutText(answer string) string {
	const field = "text:"
	for i := range len(answer) - len(field) + 1 {
		if strings.EqualFold(answer[i:i+len(field)], field) {
			return strings.TrimSpace(answer[:i])
		}
	}
	return answer
}

// clip bounds what an operator can put into the journal.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
