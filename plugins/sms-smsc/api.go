package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// hosts are the server and its spare one.
var hosts = [...]string{"https://smsc.ru/sys/", "https://www2.smsc.ru/sys/"}

// call posts fields, pairs of names and values, to a script and returns its JSON.
// The spare server is asked only when nothing reached the first one.
func call(t *patchbay.Task, script string, fields ...string) (patchbay.Value, error) {
	var answer patchbay.Response
	var err error
	for _, host := range hosts {
		q := patchbay.Post(host + script).Parse(patchbay.ParseJSON).Timeout(timeoutMS)
		if apiKey != "" {
			q.Form("apikey", apiKey)
		} else {
			q.Form("login", login).Form("psw", password)
		}
		q.Form("fmt", "3").Form("charset", "utf-8")
		for i := 0; i+1 < len(fields); i += 2 {
			q.Form(fields[i], fields[i+1])
		}
		answer, err = t.Do(q)
		if e, ok := errors.AsType[*patchbay.Error](err); err == nil || ok && e.Sent {
			break
		}
	}
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	switch code, failed := answer.Data.Get("error_code").Int(); {
	case failed:
		return nil, refusal(t, code, answer.Data.Get("error").String())
	case answer.Status == 200 && answer.Data.Kind() == patchbay.Map:
		return answer.Data, nil
	}
	return nil, sms.Foreign(system, answer)
}

// refusal says what an error_code means: the message was not taken, whatever it is.
func refusal(t *patchbay.Task, code int64, text string) error {
	text = strconv.FormatInt(code, 10) + " " + text
	switch code {
	case 2: // wrong login, or an address that the account does not allow
		t.Error("SMSC.ru refuses the login; no SMS leaves through it until login, password or key are right", "error", text)
	case 3:
		t.Error("SMSC.ru: the account has no money left", "error", text)
	case 4:
		t.Error("SMSC.ru has blocked the address of the gateway for a while", "error", text)
	case 6, 7: // forbidden text or sender; wrong number
		return patchbay.Refused(system, text)
	case 9: // the same message within a minute, or too many requests at once
		return patchbay.Busy(system, 60_000)
	}
	return patchbay.Unavailable(system, errors.New(text))
}
