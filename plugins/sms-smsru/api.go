package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// call posts fields, pairs of names and values, to a method and returns its JSON
// when the request as a whole went well; the numbers in it have results of their
// own.
func call(t *patchbay.Task, method string, fields ...string) (patchbay.Value, error) {
	q := patchbay.Post("https://sms.ru/" + method).Parse(patchbay.ParseJSON).Timeout(timeoutMS)
	q.Form("api_id", apiID).Form("json", "1")
	for i := 0; i+1 < len(fields); i += 2 {
		q.Form(fields[i], fields[i+1])
	}
	answer, err := t.Do(q)
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	switch answer.Data.Get("status").String() {
	case "OK":
		return answer.Data, nil
	case "ERROR":
		return nil, refusal(t, answer.Data)
	}
	return nil, sms.Foreign(system, answer)
}

// only returns the result of the one message that a request was about.
func only(data patchbay.Value) patchbay.Value {
	for _, result := range data.Get("sms").Pairs() {
		return result
	}
	return nil
}

// refusal says what a status_code means, of a request or of a number in it.
func refusal(t *patchbay.Task, result patchbay.Value) error {
	code, _ := result.Get("status_code").Int()
	text := strconv.FormatInt(code, 10) + " " + result.Get("status_text").String()
	switch code {
	case 202, 203, 209, 215, 216: // wrong number, no text, stop lists, forbidden word
		return patchbay.Refused(system, text)
	case 231, 233: // the same message, or codes, to this number within a short time
		return patchbay.Busy(system, 60_000)
	case 206, 230, 232: // limits for a day
		return patchbay.Busy(system, 3_600_000)
	case 220: // out of order for now
		return patchbay.Busy(system, 5_000)
	case 500: // a fault of the server: nobody says at which moment
		return patchbay.Uncertain(system, text)
	case 200, 300, 301, 302: // wrong api_id, token or login; account not confirmed
		t.Error("SMS.ru refuses the key; no SMS leaves through it until api_id is right and the account confirmed", "error", text)
	case 201:
		t.Error("SMS.ru: the account has no money left", "error", text)
	case 204, 221:
		t.Error("SMS.ru: the sender or the operator is not approved for the account", "error", text)
	}
	return patchbay.Unavailable(system, errors.New(text))
}
