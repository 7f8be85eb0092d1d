package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

const system = "Kannel"

// send hands one SMS to Kannel. Kannel gives no message id: ours, the reference,
// comes back in its receipts.
func send(t *patchbay.Task) (patchbay.Reply, error) {
	address, err := sendURL(t.Params())
	if err != nil {
		return patchbay.Reply{}, patchbay.Invalid("reference", err.Error())
	}
	answer, err := t.Fetch(patchbay.Request{URL: address, TimeoutMS: settings.timeoutMS, NoRedirect: true})
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	if err := outcome(t, answer); err != nil {
		return patchbay.Reply{}, err
	}
	var o patchbay.Object
	o.Str("message_id", t.Param("reference"))
	if settings.dlrURL != nil && t.Param("receipt_url") != "" {
		o.Bool("receipts", false) // they go to another address
	}
	return patchbay.JSON(o.Value()), nil
}

// outcome reads the answer of smsbox (Kannel 1.4.5, gw/smsbox.c): 202 accepted
// or queued, 400 not accepted for good, 403 wrong login or no route, 503 not accepted
// for now. Anything else does not come from smsbox itself; a 4xx is no acceptance
// all the same, and of the rest nobody knows what happened.
func outcome(t *patchbay.Task, answer patchbay.Response) error {
	text := strconv.Itoa(answer.Status) + " " + sms.Excerpt(answer.Body)
	switch {
	case answer.Status == 202:
		return nil
	case answer.Status == 400:
		return patchbay.Refused(system, text)
	case answer.Status/100 == 4 && answer.Status != 408:
		t.Error("Kannel takes no SMS; are url, username and password right, and has it a route?", "error", text)
		return patchbay.Unavailable(system, errors.New(text))
	case answer.Status == 503:
		return patchbay.Unavailable(system, errors.New(text))
	}
	return patchbay.Unavailable(system, &patchbay.Error{
		Code: abi.CodeUnavailable, Source: abi.SourceUpstream, Detail: "unexpected answer: " + text, Sent: true,
	})
}

func sendURL(p patchbay.Value) (string, error) {
	b := append([]byte(settings.url), '?')
	add := func(name, value string) {
		if b[len(b)-1] != '?' {
			b = append(b, '&')
		}
		b = template.AppendQuery(append(append(b, name...), '='), value)
	}
	for _, f := range settings.fixed {
		add(f.name, f.value)
	}
	from := p.Get("originator").String()
	if from == "" {
		from = settings.originator
	}
	if from != "" {
		add("from", from)
	}
	add("to", p.Get("phone").String())
	// Without the encoding 2 is always right, only dearer for Latin text.
	coding := "2"
	if p.Get("encoding").String() == "gsm7" {
		coding = "0"
	}
	add("coding", coding)
	add("charset", "UTF-8")
	receipt, err := receiptURL(p)
	if err != nil {
		return "", err
	}
	if receipt != "" {
		add("dlr-mask", settings.dlrMask)
		add("dlr-url", receipt)
	}
	add("text", p.Get("message").String())
	return string(b), nil
}

// health asks sendsms without parameters: an smsbox that works refuses that, and
// nothing is sent.
func health(t *patchbay.Task) (patchbay.Reply, error) {
	answer, err := t.Fetch(patchbay.Request{URL: settings.url, TimeoutMS: settings.timeoutMS, NoRedirect: true})
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	if answer.Status != 400 && answer.Status != 403 {
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New(
			"a request without parameters was answered with "+strconv.Itoa(answer.Status)+" instead of 400 or 403; is this a smsbox?"))
	}
	return patchbay.Reply{}, nil
}
