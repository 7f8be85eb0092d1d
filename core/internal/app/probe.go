package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Bounds of tests.
const (
	maxProbes = 2 // at a time: each compiles and runs a plugin
	probeTime = 40 * time.Second
)

// tracer is told of every task of every instance.
func (a *App) tracer() func(wasm.Event) {
	observed, kept := a.trace, a.desk.traces.Event
	if observed == nil {
		return kept
	}
	return func(e wasm.Event) {
		observed(e)
		kept(e)
	}
}

func (p panel) Trace(requestID string) (trace.Trace, bool) { return p.app.desk.traces.Find(requestID) }
func (p panel) Notable(limit int) []trace.Trace            { return p.app.desk.traces.Notable(limit) }

// probing takes a place for a test.
func (p panel) probing() (release func(), err error) {
	select {
	case p.app.desk.probes <- struct{}{}:
		return func() { <-p.app.desk.probes }, nil
	default:
		return nil, problem.TooMany(5 * time.Second).WithReason("too many tests at a time")
	}
}

func (p panel) TestProvider(ctx context.Context, t admin.ProviderTest) (admin.TestReport, error) {
	release, err := p.probing()
	if err != nil {
		return admin.TestReport{}, err
	}
	defer release()
	u, err := p.probe(t)
	if err != nil {
		return admin.TestReport{}, err
	}
	ctx, stop := context.WithTimeout(ctx, probeTime)
	defer stop()
	began := time.Now()
	report := admin.TestReport{Checked: "start"}
	watch := p.app.desk.traces.Watch("test-"+strings.ToLower(rand.Text()[:12]), secretsOf(u.schema(), u.settings))
	err = p.during(ctx, u, func(instance *plugin.Instance) error { return p.health(ctx, u, instance, watch, &report) })
	p.forgetProbe(ctx, u)
	report.Steps, report.Took = watch.End(), milliseconds(time.Since(began))
	fail(&report, watch, err)
	return report, nil
}

// probe makes the unit that a test runs.
func (p panel) probe(t admin.ProviderTest) (*unit, error) {
	a, state := p.app, p.app.states.Get()
	pkg, reason := a.inForce(t.Plugin, state)
	if reason == "" && pkg.Manifest.Kind != manifest.KindProvider {
		reason = "it is no provider plugin"
	}
	if reason != "" {
		return nil, admin.Reject("plugin", admin.Violation{Pointer: "/plugin", Message: reason})
	}
	form := pkg.Manifest.Settings
	var before map[string]any
	hosts, private := t.Hosts, t.Private
	if t.Name != "" {
		target := admin.Target{Kind: manifest.KindProvider, Name: t.Name}
		if u := p.find(target, state); u != nil && p.pluginOf(target, state) == t.Plugin {
			before = over(stored(target, state), p.fromFile(target))
			if hosts == nil {
				hosts, private = u.grant.hosts, u.grant.private
			}
		}
	}
	if hosts == nil {
		hosts = plugin.Hosts(pkg.Manifest)
	}
	given := settings.Merge(form, before, t.Settings)
	if found := settings.Check(form, given); len(found) > 0 {
		for i := range found {
			found[i].Pointer = "/settings" + found[i].Pointer
		}
		return nil, admin.Reject("settings", found...)
	}
	value, err := settingsValue(form, given)
	if err != nil {
		return nil, fmt.Errorf("settings of a test: %w", err)
	}
	u := &unit{name: "test_" + strings.ToLower(rand.Text()[:12]), kind: manifest.KindProvider, pkg: pkg, on: true, settings: value}
	u.grant = grant{hosts: hosts, private: private}
	u.finish()
	return u, nil
}

// forgetProbe drops what a tested unit has stored.
func (p panel) forgetProbe(ctx context.Context, u *unit) {
	if _, lost := p.app.store.Prefix("kv").Prefix(u.name).DropAll(context.WithoutCancel(ctx)); lost != nil {
		p.app.log.Warn("what a tested instance stored stays", "instance", u.name, "error", lost)
	}
}

// during runs the unit for as long as do takes.
func (p panel) during(ctx context.Context, u *unit, do func(*plugin.Instance) error) (err error) {
	a := p.app
	log := logging.WithPlugin(a.log, u.name)
	granted, err := a.operations(u, log)
	if err != nil {
		return err
	}
	instance := a.host.NewInstance(plugin.Spec{
		Name: u.name, Package: u.pkg, Settings: u.settings, Granted: granted, Limits: limits(u.pkg.Manifest), Log: log, Trace: a.desk.traces.Event,
	})
	defer func() {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		err = errors.Join(err, instance.Supersede(end))
	}()
	if err := instance.Start(ctx); err != nil {
		return err
	}
	return do(instance)
}

// health asks a unit that runs how it is, or what money is left.
func (p panel) health(ctx context.Context, u *unit, instance *plugin.Instance, watch *trace.Watch, report *admin.TestReport) error {
	q := abi.Request{Kind: abi.Health, RequestID: watch.ID()}
	point, balance := "", false
	for _, e := range u.pkg.Manifest.Extends {
		if slices.Contains(e.Operations, "balance") {
			point, balance = e.Point, true
		}
	}
	switch {
	case u.pkg.Manifest.Health:
		report.Checked = "health"
	case balance:
		report.Checked = "balance"
		q.Kind, q.Point, q.Name, q.Params = abi.Operation, point, "balance", new(abi.Object).Value()
	default:
		report.OK = true
		return nil
	}
	return p.ask(ctx, instance, &q, watch, report)
}

// ask runs one task and takes its answer over.
func (p panel) ask(ctx context.Context, r registry.Runner, q *abi.Request, watch *trace.Watch, report *admin.TestReport) error {
	result, err := r.Do(ctx, q, 1)
	if err != nil {
		return err
	}
	defer result.Release()
	if result.Attachment != nil {
		_ = result.Attachment.Close() // nobody reads it
	}
	report.OK = true
	if body := result.Reply.Body; body.Exists() && body.Len() > 0 {
		text, err := transcode.AppendJSON(nil, body)
		if err == nil {
			report.Answer = rawJSON(watch.Hide(string(text)))
		}
	}
	return nil
}

// secretsOf lists the values that a schema calls secret, however deep they are.
func secretsOf(s *schema.Schema, v abi.Value) []string {
	if s == nil || !v.Exists() {
		return nil
	}
	if s.Secret {
		if v.Kind() == abi.String {
			return []string{v.String()}
		}
		return nil
	}
	var out []string
	switch v.Kind() {
	case abi.Array:
		for e := range v.Elements() {
			out = append(out, secretsOf(s.Items, e)...)
		}
	case abi.Map:
		b := s.Branch(v)
		if b == nil {
			return nil
		}
		for name, e := range v.Entries() {
			if property := b.Property(name); property != nil {
				out = append(out, secretsOf(property, e)...)
			} else {
				out = append(out, secretsOf(b.Additional, e)...)
			}
		}
	}
	return out
}
