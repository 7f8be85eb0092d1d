package main

import (
	"errors"
	"slices"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// names are the placeholders of one message.
var names = []string{"phone", "phone_digits", "message", "originator", "reference", "receipt_url"}

// statusNames are those of a query for a status.
var statusNames = []string{"message_id", "reference", "phone", "phone_digits"}

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
	status        *template.Request  // nil when the aggregator cannot be asked
	statusPath    *template.Template // a path
	statuses      []meaning
	reports       *reports // nil when the aggregator sends no receipts
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
		if a.balance, err = (template.Scope{Settings: v}).Request("balance_"); err != nil {
			return nil, err
		}
	}
	return a, a.configureDelivery(v)
}

// configureDelivery reads how statuses are asked for and receipts are read.
func (a *aggregator) configureDelivery(v patchbay.Value) (err error) {
	a.statuses = newMeanings(v.Get("statuses"))
	if a.reports, err = newReports(v); err != nil || v.Get("status_url").String() == "" {
		return err
	}
	if len(a.statuses) == 0 {
		return errors.New("statuses: are missing; nobody can tell what the answer of status_url means")
	}
	scope := template.Scope{Settings: v, Names: statusNames}
	if a.status, err = scope.Request("status_"); err != nil {
		return err
	}
	if !a.status.Uses("message_id") && !a.status.Uses("reference") {
		return errors.New("status_url, status_body or status_fields: {message_id} or {reference} must be somewhere in the request")
	}
	a.statusPath, err = scope.Compile("status_path", v.Get("status_path").String(), template.Text)
	return err
}

func (a *aggregator) statusValues(q sms.Query) template.Values {
	return template.Values{
		"message_id": q.MessageID, "reference": q.Reference, "phone": q.Phone, "phone_digits": strings.TrimPrefix(q.Phone, "+"),
	}
}

// compilePath compiles a path whose parts may be placeholders. Values that
// aggregators use as keys have no dots, which would split them.
func compilePath(scope template.Scope, setting string, v patchbay.Value) (*template.Template, error) {
	scope.Names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "message" || name == "receipt_url" })
	return scope.Compile(setting, v.String(), template.Text)
}
