package main

import (
	"errors"
	"strconv"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// hosts are the server and its spare ones.
var hosts = [...]string{"https://gate.smsaero.ru/v2/", "https://gate.smsaero.org/v2/", "https://gate.smsaero.net/v2/"}

// exchange posts fields, pairs of names and values, to a method. A spare server is
// asked only when nothing reached the one before.
func exchange(t *patchbay.Task, method string, fields ...string) (answer patchbay.Response, err error) {
	for _, host := range hosts {
		q := patchbay.Post(host+method).Header(authorization[0], authorization[1]).Parse(patchbay.ParseJSON).Timeout(timeoutMS)
		for i := 0; i+1 < len(fields); i += 2 {
			q.Form(fields[i], fields[i+1])
		}
		answer, err = t.Do(q)
		if e, ok := errors.AsType[*patchbay.Error](err); err == nil || ok && e.Sent {
			break
		}
	}
	if err != nil {
		return answer, patchbay.Unavailable(system, err)
	}
	return answer, nil
}

// call returns "data" of a successful answer.
func call(t *patchbay.Task, method string, fields ...string) (patchbay.Value, error) {
	answer, err := exchange(t, method, fields...)
	if err != nil {
		return nil, err
	}
	if !succeeded(answer) {
		return nil, refusal(t, answer)
	}
	return answer.Data.Get("data"), nil
}

func succeeded(answer patchbay.Response) bool {
	return answer.Status == 200 && answer.Data.Get("success").Bool()
}

// saysNo reports whether SMS Aero itself refuses: "success": false, or "result"
// with "no credits" or "reject".
func saysNo(answer patchbay.Response) bool {
	success, result := answer.Data.Get("success"), answer.Data.Get("result").String()
	return success.Exists() && !success.Bool() || result == noCredits || result == "reject"
}

const noCredits = "no credits"

// refusal says what an answer means that is no success. SMS Aero has no codes: it
// gives a text, and in "data" the fields that are wrong.
func refusal(t *patchbay.Task, answer patchbay.Response) error {
	data, no := answer.Data, saysNo(answer)
	result, text := data.Get("result").String(), data.Get("message").String()
	if text == "" {
		text = strings.TrimSpace(result + " " + data.Get("reason").String())
	}
	if !no {
		text = sms.Excerpt(answer.Body)
	}
	text = "HTTP " + strconv.Itoa(answer.Status) + " " + text
	switch {
	case answer.Status == 429:
		return patchbay.Busy(system, 1000)
	case answer.Status == 401 || answer.Status == 403:
		t.Error("SMS Aero refuses the login; no SMS leaves through it until email and api_key are right", "error", text)
	case answer.Status == 402 || result == noCredits:
		t.Error("SMS Aero: the account has no money left", "error", text)
	case answer.Status >= 500:
		return patchbay.Uncertain(system, text)
	case no && data.Get("data").Get("number").Exists():
		return patchbay.Refused(system, text)
	case !no && (answer.Status/100 != 4 || answer.Status == 408): // not SMS Aero's own answer
		return patchbay.Uncertain(system, text)
	}
	return patchbay.Unavailable(system, errors.New(text))
}
