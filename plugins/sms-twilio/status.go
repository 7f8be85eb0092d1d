package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func status(t *patchbay.Task, q sms.Query) (sms.Report, error) {
	if q.MessageID == "" {
		return sms.Report{}, patchbay.Invalid("message_id", "it is empty")
	}
	data, err := call(t, patchbay.Get(account("Messages/"+escape(q.MessageID))))
	if err != nil {
		return sms.Report{}, err
	}
	r := report(data.Get("status").String(), data.Get("error_code").String(), data.Get("error_message").String())
	r.At = rfc3339(data.Get("date_updated").String())
	return r, nil
}

func report(word, code, text string) sms.Report {
	r := sms.Report{Status: sms.Unknown, Detail: strings.TrimSpace(word + " " + code)}
	if text != "" {
		r.Detail += " " + text
	}
	switch word {
	case "accepted", "scheduled", "queued", "sending":
		r.Status = sms.Accepted
	case "sent", "partially_delivered":
		r.Status = sms.OnTheWay
	case "delivered", "read":
		r.Status = sms.Delivered
	case "undelivered":
		r.Status = sms.Undelivered
	case "failed", "canceled": // Twilio did not hand it over
		r.Status = sms.Rejected
	}
	return r
}

// receipt reads a status call back, a form. An SMS that came in is not ours.
func receipt(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
	if webhookURL != "" && !signed(w) {
		t.Warn("a request to the webhook has no valid signature of Twilio: is webhook_url the address of this instance's webhook, and auth_token the account's?")
		return sms.Receipts{}, patchbay.Invalid("receipt", "its X-Twilio-Signature does not fit")
	}
	get := func(names ...string) string {
		for _, name := range names {
			if text := w.Data.Get(name).String(); text != "" {
				return text
			}
		}
		return ""
	}
	id, word := get("MessageSid", "SmsSid"), get("MessageStatus", "SmsStatus")
	if id == "" || word == "" {
		return sms.Receipts{}, patchbay.Invalid("receipt", "it has no MessageSid or no MessageStatus")
	}
	if word == "received" || word == "receiving" {
		return sms.Receipts{}, nil
	}
	r := sms.Receipt{MessageID: id, Report: report(word, get("ErrorCode"), "")}
	if r.Status == sms.Unknown {
		t.Warn("Twilio delivers a status that is not documented", "status", word)
	}
	return sms.Receipts{List: []sms.Receipt{r}}, nil
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"

// rfc3339 rewrites Twilio's "Thu, 24 Aug 2023 05:01:45 +0000"; anything else gives
// "".
func rfc3339(text string) string {
	f := strings.Fields(text)
	if len(f) != 6 || f[5] != "+0000" || len(f[1]) != 2 || len(f[3]) != 4 || len(f[4]) != 8 || len(f[2]) != 3 {
		return ""
	}
	month := strings.Index(months, f[2])
	if month < 0 || month%4 != 0 {
		return ""
	}
	month = month/4 + 1
	return f[3] + "-" + string([]byte{byte('0' + month/10), byte('0' + month%10)}) + "-" + f[1] + "T" + f[4] + "Z"
}
