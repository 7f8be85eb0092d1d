package main

import (
	"errors"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

const system = "Upstream"

// upstream is the URL that forward posts to.
var upstream string

func configure(settings patchbay.Value) error {
	if upstream = settings.Get("url").String(); upstream == "" {
		return errors.New("settings: url is empty; give the address of the upstream")
	}
	return nil
}

// forward is check and one POST of the text to the upstream.
func forward(t *patchbay.Task) (patchbay.Reply, error) {
	phone := t.Phone("phone")
	o, err := describe(t, phone)
	if err != nil {
		return patchbay.Reply{}, err
	}
	answer, err := post(t, phone.E164)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(o.Str("answer", answer).Value()), nil
}

// post sends the text of the request to the upstream and returns what that says.
func post(t *patchbay.Task, e164 string) (string, error) {
	header := new(patchbay.Object).Str("content-type", "text/plain; charset=utf-8").Str("x-phone", e164)
	answer, err := t.Fetch(patchbay.Request{
		Method: "POST", URL: upstream, Header: header.Value(), Body: t.Params().Get("message").Bytes(),
	})
	if err != nil {
		return "", patchbay.Unavailable(system, err)
	}
	if answer.Status != 200 {
		return "", patchbay.Refused(system+" refused!", "unexpected status")
	}
	return strings.ToValidUTF8(string(answer.Body), "\uFFFD"), nil
}
