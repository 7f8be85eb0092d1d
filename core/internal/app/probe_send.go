package app

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
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
		r.Unknown = own.Sent
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
	provider := a.registry.Table().Provider(name)
	if provider == nil || !provider.Serves(pointSMS, sendOperation) {
		return admin.TestReport{}, problem.Conflict("The provider sends no SMS!")
	}
	phone, err := params.Phone(m.Phone, a.cfg.Gateway.Region)
	if err != nil {
		return admin.TestReport{}, admin.Reject("phone", admin.Violation{Pointer: "/phone", Message: err.Error()})
	}
	began := time.Now()
	id, err := a.journal.BeginSMS(ctx, journal.SMS{
		Phone: a.keepPhone()(phone), Originator: m.Originator, Message: unless(a.cfg.Journal.Messages == "full", mask.Text)(m.Message),
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
	err = p.ask(within, u.instance, &q, watch, &report)
	report.Steps, report.Took = watch.End(), milliseconds(time.Since(began))
	fail(&report, watch, err)
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

// TestNode connects to one FreeSWITCH with two connections and leaves again.
func (p panel) TestNode(ctx context.Context, t admin.NodeTest) (admin.TestReport, error) {
	release, err := p.probing()
	if err != nil {
		return admin.TestReport{}, err
	}
	defer release()
	node := freeswitch.NodeConfig{Name: "test", Address: t.Address, User: t.User, Password: t.Password, Connections: 1}
	if t.Name != "" {
		i := indexNode(p.app.cfg, t.Name)
		if i < 0 {
			return admin.TestReport{}, problem.NotFound("No such node!")
		}
		known := p.app.cfg.FreeSWITCH[i]
		if node.Address == "" {
			node.Address = known.Address
		}
		// A password goes only where it belongs.
		if node.Password == "" && node.Address == known.Address {
			node.User, node.Password = known.User, known.Password.Reveal()
		}
	}
	link, err := freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{node}}, p.app.log.Named("freeswitch.test"))
	if err != nil {
		return admin.TestReport{}, admin.Reject("node", admin.Violation{Message: err.Error()})
	}
	began := time.Now()
	within, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	link.Start(within)
	settled := link.WaitSettled(within)
	report := admin.TestReport{Checked: "connect", Took: milliseconds(time.Since(began)), Steps: []trace.Step{}}
	h := link.Health()[0]
	switch {
	case h.State == freeswitch.StateUp:
		report.OK, report.Answer = true, map[string]string{"core_uuid": h.CoreUUID}
	case h.Reason != nil:
		report.Error = h.Reason.Error()
	case settled != nil:
		report.Error = "no answer within ten seconds"
	default:
		report.Error = string(h.State)
	}
	end, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := link.Close(end); err != nil {
		p.app.log.Warn("a tested node's connection did not close", "error", err)
	}
	return report, nil
}

func indexNode(cfg *config.Config, name string) int {
	for i := range cfg.FreeSWITCH {
		if cfg.FreeSWITCH[i].Name == name {
			return i
		}
	}
	return -1
}
