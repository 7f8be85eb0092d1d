package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func status(t *patchbay.Task, q sms.Query) (sms.Report, error) {
	if q.Phone == "" {
		return sms.Report{}, patchbay.Invalid("phone", "SMSC.ru tells a status by id and number")
	}
	data, err := call(t, "status.php", "id", q.MessageID, "phone", q.Phone)
	if err != nil {
		return sms.Report{}, err
	}
	code := data.Get("status").String()
	if code == "-3" {
		return sms.Report{}, patchbay.NotFound("SMSC.ru does not know the SMS")
	}
	return report(code, data.Get("err").String(), data.Get("last_timestamp")), nil
}

// report reads a status as SMSC.ru tells it when asked and in its receipts.
func report(code, failure string, at patchbay.Value) sms.Report {
	r := sms.Report{Status: sms.Unknown, Detail: "status " + code}
	switch code {
	case "-2", "-1": // stopped with its mailing; waiting
		r.Status = sms.Accepted
	case "0":
		r.Status = sms.OnTheWay
	case "1", "2", "4": // delivered; read; a link in it was opened
		r.Status = sms.Delivered
	case "3":
		r.Status = sms.Expired
	case "20", "25": // cannot be delivered; the number is not reachable
		r.Status = sms.Undelivered
	case "22", "23", "24": // wrong number; forbidden; no money
		r.Status = sms.Rejected
	}
	if failure != "" && failure != "0" {
		r.Detail += " error " + failure
	}
	if unix, ok := at.Int(); ok {
		r.At = sms.UTC(unix)
	}
	return r
}

// receipt reads what SMSC.ru delivers as a form or as a query: one status, or an
// SMS that came in, which is not ours.
func receipt(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	got := w.Data
	if !got.Get("id").Exists() {
		got = w.Query
	}
	id, code := got.Get("id").String(), got.Get("status").String()
	if id != "" && code == "" && got.Get("mes").Exists() {
		return sms.Receipts{}, nil
	}
	if _, ok := got.Get("status").Int(); id == "" || !ok {
		return sms.Receipts{}, patchbay.Invalid("receipt", "it has no id or no number as status")
	}
	r := sms.Receipt{MessageID: id, Report: report(code, got.Get("err").String(), got.Get("ts"))}
	if r.Status == sms.Unknown {
		t.Warn("SMSC.ru delivers a status that is not documented", "status", code)
	}
	return sms.Receipts{List: []sms.Receipt{r}}, nil
}
