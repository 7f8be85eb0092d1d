package main

import (
	"errors"
	"strconv"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// sendsms is where a smsbox listens unless the operator moved it.
const sendsms = "/cgi-bin/sendsms"

// settings of the instance; set once by configure.
var settings struct {
	url        string // of sendsms, without a query
	originator string
	fixed      []pair             // the same for each message
	dlrURL     *template.Template // nil: receipts go to the webhook
	dlrMask    string
	timeoutMS  int
}

type pair struct{ name, value string }

func configure(v patchbay.Value) error {
	address, err := sendsmsURL(v.Get("url").String())
	if err != nil {
		return err
	}
	settings.url = address
	settings.originator = v.Get("originator").String()
	ms, _ := v.Get("timeout_ms").Int()
	settings.timeoutMS = int(ms)
	settings.fixed = []pair{{"username", v.Get("username").String()}, {"password", v.Get("password").String()}}
	for _, name := range []string{"smsc", "account"} {
		if text := v.Get(name).String(); text != "" {
			settings.fixed = append(settings.fixed, pair{name, text})
		}
	}
	if minutes, _ := v.Get("validity").Int(); minutes > 0 {
		settings.fixed = append(settings.fixed, pair{"validity", strconv.FormatInt(minutes, 10)})
	}
	return configureReceipts(v)
}

func configureReceipts(v patchbay.Value) error {
	settings.dlrURL, settings.dlrMask = nil, v.Get("dlr_mask").String()
	text := v.Get("dlr_url").String()
	if text == "" {
		return nil
	}
	scope := template.Scope{Settings: v, Names: []string{"reference"}}
	t, err := scope.Compile("dlr_url", text, template.URL)
	if err != nil {
		return err
	}
	if !t.Uses("reference") {
		return errors.New("dlr_url: without {reference} nobody can tell which message a receipt is about: Kannel gives no message id")
	}
	settings.dlrURL = t
	return nil
}

// sendsmsURL adds the usual path to an address that has none.
func sendsmsURL(address string) (string, error) {
	_, rest, ok := strings.Cut(address, "://")
	if !ok || rest == "" {
		return "", errors.New("url: must be the address of the smsbox: http://host:13013")
	}
	if strings.ContainsAny(address, "?#") {
		return "", errors.New("url: must not have a query; user and password have settings of their own")
	}
	if _, path, _ := strings.Cut(rest, "/"); path == "" {
		return strings.TrimSuffix(address, "/") + sendsms, nil
	}
	return address, nil
}
