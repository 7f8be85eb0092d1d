package main

import (
	"errors"
	"slices"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// names are the placeholders of one message.
var names = []string{"phone", "phone_digits", "message", "originator", "reference"}

// aggregator is everything that the settings say about one aggregator.
type aggregator struct {
	request       *template.Request
	authorization [2]string
	originator    string
	timeoutMS     int
	parse         abi.Parse
	text          bool // the whole answer is one text
	rules         rules
	messageID     *template.Template // a path
	errorPaths    []*template.Template
	balance       *template.Request // nil when the aggregator has none
	balancePath   string
	currency      string
}

// configured is the aggregator of this instance; set once by configure.
var configured *aggregator

func configure(v patchbay.Value) error {
	a, err := newAggregator(v)
	if err == nil {
		configured = a
	}
	return err
}

var parsers = map[string]abi.Parse{
	"auto": abi.ParseAuto, "json": abi.ParseJSON, "xml": abi.ParseXML, "form": abi.ParseForm, "text": abi.ParseNone,
}

func newAggregator(v patchbay.Value) (*aggregator, error) {
	scope := template.Scope{Settings: v, Names: names}
	ms, _ := v.Get("timeout_ms").Int()
	parse := v.Get("parse").String()
	a := &aggregator{
		originator: v.Get("originator").String(), timeoutMS: int(ms), parse: parsers[parse], text: parse == "text",
		balancePath: v.Get("balance_path").String(), currency: v.Get("balance_currency").String(),
	}
	var err error
	if a.request, err = scope.Request(""); err != nil {
		return nil, err
	}
	if !a.request.Uses("message") || !a.request.Uses("phone") && !a.request.Uses("phone_digits") {
		return nil, errors.New("url, body or fields: {message} and {phone} or {phone_digits} must be somewhere in the request")
	}
	if a.authorization, err = template.Authorization(v); err != nil {
		return nil, err
	}
	if a.rules, err = newRules(scope, v); err != nil {
		return nil, err
	}
	if a.messageID, err = compilePath(scope, "message_id_path", v.Get("message_id_path")); err != nil {
		return nil, err
	}
	for e := range v.Get("error_paths").Elements() {
		p, err := compilePath(scope, "error_paths", e)
		if err != nil {
			return nil, err
		}
		a.errorPaths = append(a.errorPaths, p)
	}
	if v.Get("balance_url").String() != "" {
		a.balance, err = template.Scope{Settings: v}.Request("balance_")
	}
	return a, err
}

// compilePath compiles a path whose parts may be placeholders. Values that
// aggregators use as keys have no dots, which would split them.
func compilePath(scope template.Scope, setting string, v patchbay.Value) (*template.Template, error) {
	scope.Names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "message" })
	return scope.Compile(setting, v.String(), template.Text)
}
