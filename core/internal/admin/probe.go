package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
)

// Probes try connections out, those that are not saved yet among them.
type Probes interface {
	// TestProvider starts a temporary instance of a provider plugin and asks it how it
	// is. Nothing is kept of it.
	//
	// # Errors
	//
	// [*Rejection] for settings that do not fit; what went wrong in the test is part
	// of the report.
	TestProvider(ctx context.Context, p ProviderTest) (TestReport, error)
	// TestNode connects to a FreeSWITCH once.
	TestNode(ctx context.Context, n NodeTest) (TestReport, error)
	// SendTest sends one real SMS through a provider instance.
	SendTest(ctx context.Context, name string, m TestMessage) (TestReport, error)
	// SendTestUnsaved does the same through a temporary instance. Nothing is kept of
	// it but the message's record.
	SendTestUnsaved(ctx context.Context, p ProviderTest, m TestMessage) (TestReport, error)
	// Trace returns what is known about a request, false for nothing.
	Trace(requestID string) (trace.Trace, bool)
	// Notable returns the last slow and failed requests, the newest first.
	Notable(limit int) []trace.Trace
}

// ProviderTest is a provider instance that may not exist yet. Name names the
// existing one whose secrets stand for those that Settings leave out.
type ProviderTest struct {
	Name, Plugin string
	Settings     map[string]any
	Hosts        []string
	Private      bool
	By           string
}

// NodeTest is a FreeSWITCH that may not exist yet. Name names a configured one whose
// values stand for those that are empty.
type NodeTest struct {
	Name, Address, User, Password string
}

// TestMessage is one SMS.
type TestMessage struct {
	Phone, Message, Originator, By, RequestID string
}

// TestReport is how a test ended.
type TestReport struct {
	OK bool `json:"ok"`
	// Checked is what was done: start, health, balance, connect or send.
	Checked string `json:"checked"`
	// Error says what went wrong, in words.
	Error string `json:"error,omitempty"`
	// Code names the usual reasons: of a node password, acl, permission, name, refused,
	// timeout or stranger; of a provider a code of the plugin contract.
	Code string `json:"code,omitempty"`
	// Unknown means that nobody knows whether the message was accepted.
	Unknown bool         `json:"unknown,omitempty"`
	Answer  any          `json:"answer,omitempty"`
	Took    float64      `json:"took_ms"`
	Steps   []trace.Step `json:"steps"`
}

func (a *API) testProvider(c *call) (any, error) {
	p := ProviderTest{By: c.login()}
	err := c.decode(fields{
		"name": str(&p.Name), "plugin": str(&p.Plugin), "settings": values(&p.Settings), "hosts": each(&p.Hosts, str), "private": boolean(&p.Private),
	}, "plugin")
	if err != nil {
		return nil, err
	}
	report, err := a.opt.Gateway.TestProvider(c.ctx, p)
	if err != nil {
		return nil, err
	}
	// Somebody made the gateway speak with a system of their choice.
	tested := map[string]any{"plugin": p.Plugin, "hosts": nonNil(p.Hosts), "private": p.Private, "ok": report.OK, "error": report.Error}
	return report, a.audit(c, "provider.test", p.Name, nil, tested)
}

func (a *API) testNode(c *call) (any, error) {
	var n NodeTest
	err := c.decode(fields{"name": str(&n.Name), "address": str(&n.Address), "user": str(&n.User), "password": str(&n.Password)})
	if err != nil {
		return nil, err
	}
	report, err := a.opt.Gateway.TestNode(c.ctx, n)
	if err != nil {
		return nil, err
	}
	tested := map[string]any{"address": n.Address, "user": n.User, "ok": report.OK, "error": report.Error}
	return report, a.audit(c, "node.test", n.Name, nil, tested)
}

func (a *API) sendTest(c *call) (any, error) {
	m, err := a.testMessage(c, fields{}, "phone", "message")
	if err != nil {
		return nil, err
	}
	name := c.param("name")
	report, err := a.opt.Gateway.SendTest(c.ctx, name, m)
	if err != nil {
		return nil, err
	}
	return report, a.audit(c, "provider.send_test", name, nil, map[string]any{"phone": maskPhone(m.Phone), "ok": report.OK, "error": report.Error})
}

func (a *API) sendTestUnsaved(c *call) (any, error) {
	p := ProviderTest{By: c.login()}
	m, err := a.testMessage(c, fields{
		"name": str(&p.Name), "plugin": str(&p.Plugin), "settings": values(&p.Settings), "hosts": each(&p.Hosts, str), "private": boolean(&p.Private),
	}, "plugin", "phone", "message")
	if err != nil {
		return nil, err
	}
	report, err := a.opt.Gateway.SendTestUnsaved(c.ctx, p, m)
	if err != nil {
		return nil, err
	}
	sent := map[string]any{"plugin": p.Plugin, "hosts": nonNil(p.Hosts), "private": p.Private, "phone": maskPhone(m.Phone), "ok": report.OK, "error": report.Error}
	return report, a.audit(c, "provider.send_test", p.Name, nil, sent)
}

// testMessage reads a message among other fields, and counts it.
func (a *API) testMessage(c *call, f fields, required ...string) (TestMessage, error) {
	m := TestMessage{By: c.login(), RequestID: c.requestID}
	f["phone"], f["message"], f["originator"] = str(&m.Phone), str(&m.Message), str(&m.Originator)
	if err := c.decode(f, required...); err != nil {
		return m, err
	}
	if len(m.Message) > maxTestMessage {
		return m, Reject("message", Violation{Pointer: "/message", Message: "is too long for a test", Code: "maxBytes", Want: strconv.Itoa(maxTestMessage)})
	}
	if len(m.Originator) > maxTestOriginator {
		return m, Reject("originator", Violation{Pointer: "/originator", Message: "is too long for a test", Code: "maxBytes", Want: strconv.Itoa(maxTestOriginator)})
	}
	if !a.sends.allow(c.login(), maxSends, time.Now()) {
		return m, problem.TooMany(useWindow)
	}
	return m, nil
}

const (
	maxTestMessage    = 1000 // bytes
	maxTestOriginator = 64
)

func (a *API) trace(c *call) (any, error) {
	t, ok := a.opt.Gateway.Trace(c.param("id"))
	if !ok {
		return nil, &problem.Problem{Status: http.StatusNotFound, Text: "No trace is kept of this request!", Reason: "only the last requests have one"}
	}
	return t, nil
}

func (a *API) notable(*call) (any, error) {
	return tracesAnswer{a.opt.Gateway.Notable(100)}, nil
}

type tracesAnswer struct {
	Traces []trace.Trace `json:"traces"`
}
