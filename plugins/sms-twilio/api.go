package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// account returns the address of a resource of the account.
func account(resource string) string {
	return "https://api.twilio.com/2010-04-01/Accounts/" + escape(accountSID) + "/" + resource + ".json"
}

func escape(text string) string { return string(template.AppendQuery(nil, text)) }

// call sends a request and returns the JSON of a 2xx answer.
func call(t *patchbay.Task, q *patchbay.Outgoing) (patchbay.Value, error) {
	answer, err := t.Do(q.Header(authorization[0], authorization[1]).Parse(patchbay.ParseJSON).Timeout(timeoutMS))
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	if answer.Status/100 == 2 && answer.Data.Kind() == patchbay.Map {
		return answer.Data, nil
	}
	return nil, refusal(t, answer)
}

// refusal says what an error means: {"code": 21211, "message": …, "status": 400}.
func refusal(t *patchbay.Task, answer patchbay.Response) error {
	code, _ := answer.Data.Get("code").Int()
	text := "HTTP " + strconv.Itoa(answer.Status) + " "
	if code != 0 {
		text += strconv.FormatInt(code, 10) + " " + answer.Data.Get("message").String()
	} else {
		text += sms.Excerpt(answer.Body)
	}
	switch {
	case answer.Status/100 != 4 || answer.Status == 408:
		return patchbay.Uncertain(system, text)
	case code == 20404:
		return patchbay.NotFound("Twilio does not know it")
	}
	switch code {
	case 21211, 21214, 21217, 21604, 21614, 21635: // no number, not a valid one, not a mobile one, a landline
		return patchbay.Refused(system, text)
	case 21610: // the recipient wrote STOP
		return patchbay.Refused(system, text)
	case 21602, 21605, 21617: // no text; too long
		return patchbay.Refused(system, text)
	case 20429, 21611, 14107: // too many requests; the queue of the sender is full
		return patchbay.Busy(system, 1000)
	case 21212, 21603, 21606, 21659, 21660, 21661, 21701, 21703: // the sender, or its messaging service
		t.Error("Twilio does not accept the sender", "error", text)
	case 10001, 20003, 20005, 20006: // account not active, wrong login, no access
		t.Error("Twilio refuses the account; no SMS leaves through it until account_sid and auth_token are right and the account active", "error", text)
	default:
		if answer.Status == 429 {
			return patchbay.Busy(system, 1000)
		}
		if answer.Status == 401 || answer.Status == 403 {
			t.Error("Twilio refuses the request", "error", text)
		}
	}
	return patchbay.Unavailable(system, errors.New(text))
}
