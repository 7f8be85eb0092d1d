package main

import (
	"errors"
	"strconv"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

const system = "SMS aggregator"

// send hands one SMS to the aggregator.
func send(t *patchbay.Task) (patchbay.Reply, error) {
	a := configured
	values := a.values(t.Params())
	request, err := a.request.Build(values, a.authorization)
	if err != nil {
		return patchbay.Reply{}, patchbay.Invalid("message", err.Error())
	}
	status, body, err := a.fetch(t, request)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	switch a.rules.judge(status, body, values) {
	case accepted:
		var o patchbay.Object
		o.Str("message_id", a.id(body, values))
		if a.reports == nil && values["receipt_url"] != "" {
			o.Bool("receipts", false)
		}
		return patchbay.JSON(o.Value()), nil
	case refused:
		return patchbay.Reply{}, patchbay.Refused(system, a.detail(status, body, values))
	case unavailable:
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New(a.detail(status, body, values)))
	}
	return patchbay.Reply{}, patchbay.Unavailable(system, &patchbay.Error{
		Code: abi.CodeUnavailable, Source: abi.SourceUpstream, Sent: true,
		Detail: "no rule of the settings says what the answer means: " + a.detail(status, body, values),
	})
}

func (a *aggregator) values(p patchbay.Value) template.Values {
	phone := p.Get("phone").String()
	originator := p.Get("originator").String()
	if originator == "" {
		originator = a.originator
	}
	return template.Values{
		"phone": phone, "phone_digits": strings.TrimPrefix(phone, "+"), "message": p.Get("message").String(),
		"originator": originator, "reference": p.Get("reference").String(),
		"receipt_url": p.Get("receipt_url").String(),
	}
}

// fetch returns the answer's status and its parsed body: the trimmed text for
// parse "text", missing when it cannot be parsed.
func (a *aggregator) fetch(t *patchbay.Task, request patchbay.Request) (int, patchbay.Value, error) {
	request.TimeoutMS, request.Parse, request.NoRedirect = a.timeoutMS, a.parse, true
	answer, err := t.Fetch(request)
	if err != nil {
		return 0, nil, err
	}
	if a.text {
		return answer.Status, abi.StringValue(strings.TrimSpace(strings.ToValidUTF8(string(answer.Body), "?"))), nil
	}
	return answer.Status, answer.Data, nil
}

func (a *aggregator) id(body patchbay.Value, values template.Values) string {
	path, err := a.messageID.Render(values)
	if err != nil || path == "" && !a.text {
		return ""
	}
	return clip(body.Path(path).String())
}

// detail describes an answer for the log and the journal: its status and the
// aggregator's error texts, without the number and the message.
func (a *aggregator) detail(status int, body patchbay.Value, values template.Values) string {
	text := "HTTP " + strconv.Itoa(status)
	for _, path := range a.errorPaths {
		if s := at(body, path, values).String(); s != "" {
			text += "; " + clip(s)
		}
	}
	for _, name := range []string{"message", "phone", "phone_digits"} {
		if values[name] != "" {
			text = strings.ReplaceAll(text, values[name], "***")
		}
	}
	return text
}

// clip bounds what an aggregator can put into the journal.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
