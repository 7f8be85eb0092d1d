package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// pointSMS is the extension point of SMS aggregators, sendOperation what sends.
const (
	pointSMS      = "sms.provider"
	sendOperation = "send"
)

// rawJSON keeps text as JSON when it is, and as a string when hiding secrets has
// broken it.
func rawJSON(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

// fail takes an error over into a report.
func fail(r *admin.TestReport, watch *trace.Watch, err error) {
	if err == nil {
		return
	}
	r.OK, r.Error = false, err.Error()
	var own *abi.Error
	if errors.As(err, &own) {
		r.Unknown, r.Code = own.Sent, string(own.Code)
	}
	var dead *wasm.DeadError
	if errors.As(err, &dead) {
		r.Unknown = dead.Sent
	}
	if watch != nil {
		r.Error = watch.Hide(r.Error)
	}
}

// SendTest sends one SMS and records it like any other.
func (p panel) SendTest(ctx context.Context, name string, m admin.TestMessage) (admin.TestReport, error) {
	a := p.app
	u := a.find(name, manifest.KindProvider)
	switch {
	case u == nil:
		return admin.TestReport{}, missing(admin.Target{Kind: manifest.KindProvider, Name: name})
	case u.instance == nil || u.instance.Status().State != plugin.StateWarm:
		return admin.TestReport{}, problem.Conflict("The provider does not run!")
	}
	return p.sendThrough(ctx, u, name, m, func(ctx context.Context, q *abi.Request, watch *trace.Watch, report *admin.TestReport) error {
		return p.ask(ctx, u.instance, q, watch, report)
	})
}

// SendTestUnsaved sends one SMS with settings that are not in force: an instance of its
// own sends it and ends.
func (p panel) SendTestUnsaved(ctx context.Context, t admin.ProviderTest, m admin.TestMessage) (admin.TestReport, error) {
	release, err := p.probing()
	if err != nil {
		return admin.TestReport{}, err
	}
	defer release()
	u, err := p.probe(t)
	if err != nil {
		return admin.TestReport{}, err
	}
	name := t.Name
	if name == "" {
		name = "(not saved)"
	}
	defer p.forgetProbe(ctx, u)
	return p.sendThrough(ctx, u, name, m, func(ctx context.Context, q *abi.Request, watch *trace.Watch, report *admin.TestReport) error {
		return p.during(ctx, u, func(instance *plugin.Instance) error { return p.ask(ctx, instance, q, watch, report) })
	})
}

// sendsSMS reports whether a plugin is an SMS aggregator.
func (u *unit) sendsSMS() bool {
	return u.pkg != nil && slices.ContainsFunc(u.pkg.Manifest.Extends, func(e manifest.Extension) bool {
		return e.Point == pointSMS && slices.Contains(e.Operations, sendOperation)
	})
}

// sendThrough asks the guard, records a message, lets ask send it through the unit, and records what
// became of it. name is the provider in the record.
func (p panel) sendThrough(ctx context.Context, u *unit, name string, m admin.TestMessage, ask func(context.Context, *abi.Request, *trace.Watch, *admin.TestReport) error) (admin.TestReport, error) {
	a := p.app
	if !u.sendsSMS() {
		return admin.TestReport{}, problem.Conflict("The provider sends no SMS!")
	}
	phone, err := params.Phone(m.Phone, a.config().Gateway.Region)
	if err != nil {
		return admin.TestReport{}, admin.Reject("phone", admin.Violation{Pointer: "/phone", Message: err.Error(), Code: "format", Want: "phone"})
	}
	// A test costs what any message costs.
	ticket, refused := a.guard.Reserve(guard.Ask{Kind: guard.Message, User: m.By, Text: phone, Units: guard.Segments(m.Message)})
	if refused != nil {
		return admin.TestReport{}, &admin.Rejection{Problem: refused, Violations: []admin.Violation{{Pointer: "/phone", Message: refused.Text, Code: "guard." + guard.RuleOf(refused)}}}
	}
	began, left := time.Now(), false
	defer func() { ticket.Close(left) }()
	id, err := a.journal.BeginSMS(ctx, journal.SMS{
		Phone: a.keepPhone()(phone), Originator: m.Originator, Message: unless(a.config().Journal.Messages == "full", mask.Text)(m.Message),
		Provider: name, Module: a.smsModule(), User: m.By, RequestID: m.RequestID,
	})
	if err != nil {
		return admin.TestReport{}, err
	}
	report := admin.TestReport{Checked: sendOperation}
	watch := a.desk.traces.Watch(m.RequestID, secretsOf(u.schema(), u.settings))
	q := abi.Request{
		Kind: abi.Operation, Point: pointSMS, Name: sendOperation, RequestID: m.RequestID, User: m.By,
		Params: new(abi.Object).Str("phone", phone).Str("message", m.Message).Str("originator", m.Originator).
			Str("reference", strconv.FormatUint(id, 10)).Value(),
	}
	within, stop := context.WithTimeout(ctx, probeTime)
	defer stop()
	err = ask(within, &q, watch, &report)
	report.Steps, report.Took = watch.End(), milliseconds(time.Since(began))
	fail(&report, watch, err)
	left = report.OK || report.Unknown
	outcome := journal.SMSOutcome{Result: journal.ResultOK, Provider: name, Module: a.smsModule(), Detail: "test from the panel", Route: "test"}
	switch {
	case report.Unknown:
		outcome.Result = journal.ResultUnknown
	case !report.OK:
		outcome.Result, outcome.Detail = journal.ResultError, "test from the panel: "+report.Error
	}
	var answer struct {
		MessageID string `json:"message_id"`
	}
	if raw, ok := report.Answer.(json.RawMessage); ok && json.Unmarshal(raw, &answer) == nil {
		outcome.MessageID = answer.MessageID
	}
	recording, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	return report, countingJournal{a.journal, a.desk.history}.EndSMS(recording, id, outcome)
}

// smsModule is the module whose messages they are: the one that declares the point.
func (a *App) smsModule() string {
	for _, u := range a.configured() {
		if u.kind != manifest.KindModule || u.pkg == nil {
			continue
		}
		for _, point := range u.pkg.Manifest.Provides {
			if point.Name == pointSMS {
				return u.name
			}
		}
	}
	return ""
}
