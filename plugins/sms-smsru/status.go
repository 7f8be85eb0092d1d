package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func status(t *patchbay.Task, q sms.Query) (sms.Report, error) {
	data, err := call(t, "sms/status", "sms_id", q.MessageID)
	if err != nil {
		return sms.Report{}, err
	}
	code := only(data).Get("status_code").String()
	switch code {
	case "":
		return sms.Report{}, patchbay.Unavailable(system, nil)
	case "-1":
		return sms.Report{}, patchbay.NotFound("SMS.ru does not know the SMS")
	}
	return report(code), nil
}

func report(code string) sms.Report {
	r := sms.Report{Status: sms.Unknown, Detail: "status " + code}
	switch code {
	case "100", "101": // in the queue; being handed to the operator
		r.Status = sms.Accepted
	case "102":
		r.Status = sms.OnTheWay
	case "103", "110": // delivered; read
		r.Status = sms.Delivered
	case "104":
		r.Status = sms.Expired
	case "105", "106", "107": // deleted by the operator; fault in the telephone; unknown reason
		r.Status = sms.Undelivered
	case "108", "150": // rejected; no route
		r.Status = sms.Rejected
	}
	return r
}

// receipt reads a form of up to 100 entries data[n], each of several lines: type,
// id, status, time. Other types (callcheck_status, test) are not about SMS. SMS.ru
// repeats the delivery until it reads 100.
func receipt(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	var list []sms.Receipt
	entries := 0
	for name, v := range w.Data.Entries() {
		if name != "data" && !strings.HasPrefix(name, "data[") {
			continue
		}
		if v.Kind() != patchbay.Array { // a repeated field is an array
			v = new(patchbay.List).Add(v).Value()
		}
		for e := range v.Elements() {
			entries++
			if r, ok := entry(t, e.String()); ok {
				list = append(list, r)
			}
		}
	}
	if entries == 0 {
		return sms.Receipts{}, patchbay.Invalid("receipt", "it has no field data[…]")
	}
	return sms.Receipts{List: list, Answer: sms.Answer{ContentType: "text/plain", Body: "100"}}, nil
}

func entry(t *patchbay.Task, text string) (r sms.Receipt, ok bool) {
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	if lines[0] != "sms_status" {
		return r, false
	}
	if len(lines) < 3 || lines[1] == "" {
		t.Warn("SMS.ru delivers a status without an id; it is left out")
		return r, false
	}
	r = sms.Receipt{MessageID: lines[1], Report: report(lines[2])}
	if r.Status == sms.Unknown {
		t.Warn("SMS.ru delivers a status that is not documented", "status", lines[2])
	}
	if len(lines) > 3 {
		unix, _ := abi.ParseInt(lines[3])
		r.At = sms.UTC(unix)
	}
	return r, true
}
