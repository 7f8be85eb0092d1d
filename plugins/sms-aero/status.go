package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func status(t *patchbay.Task, q sms.Query) (sms.Report, error) {
	answer, err := exchange(t, "sms/status", "id", q.MessageID)
	switch {
	case err != nil:
		return sms.Report{}, err
	case saysNo(answer) && (answer.Status == 200 || answer.Status == 400 || answer.Status == 404):
		return sms.Report{}, patchbay.NotFound("SMS Aero does not know the SMS")
	case !succeeded(answer):
		return sms.Report{}, refusal(t, answer)
	}
	data := answer.Data.Get("data")
	at := data.Get("dateAnswer")
	if !at.Exists() {
		at = data.Get("dateSend")
	}
	return report(data, at), nil
}

// report reads "status" and "extendStatus", as an answer and a receipt hold them.
func report(data, at patchbay.Value) sms.Report {
	code := data.Get("status").String()
	r := sms.Report{Status: sms.Unknown, Detail: strings.TrimSpace("status " + code + " " + data.Get("extendStatus").String())}
	switch code {
	case "0", "8": // in the queue; being moderated
		r.Status = sms.Accepted
	case "3", "4": // handed over; waiting for its status
		r.Status = sms.OnTheWay
	case "1":
		r.Status = sms.Delivered
	case "2":
		r.Status = sms.Undelivered
	case "6":
		r.Status = sms.Rejected
	}
	unix, _ := at.Int()
	r.At = sms.UTC(unix)
	return r
}

// receipt reads a call back, JSON or a form: id, tel, status, extendStatus.
func receipt(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	id := w.Data.Get("id").String()
	if _, ok := w.Data.Get("status").Int(); id == "" || !ok {
		return sms.Receipts{}, patchbay.Invalid("receipt", "it has no id or no number as status")
	}
	r := sms.Receipt{MessageID: id, Report: report(w.Data, w.Data.Get("dateAnswer"))}
	if r.Status == sms.Unknown {
		t.Warn("SMS Aero delivers a status that is not documented", "status", w.Data.Get("status").String())
	}
	return sms.Receipts{List: []sms.Receipt{r}}, nil
}
