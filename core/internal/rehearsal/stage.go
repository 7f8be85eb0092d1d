package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"

	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Options of a [Stage].
type Options struct {
	// Package is the plugin; it must be packed, as the gateway takes it.
	Package *plugin.Package
	// Cache is the folder for machine code, so that an unchanged plugin is compiled
	// once; empty keeps it in memory.
	Cache string
	// Engine options are for tests.
	Engine []wasm.Option
}

// Stage plays the cases of one plugin, each with a fresh guest and an empty
// store. It is not safe for concurrent use.
type Stage struct {
	pkg     *plugin.Package
	engine  *wasm.Engine
	host    *plugin.Host
	network *network
	store   *store.Store
	played  int
	last    *plugin.Instance // keeps the machine code for the next case
}

// Open prepares a stage; nothing is compiled yet. Close it.
func Open(o Options) (_ *Stage, err error) {
	s := &Stage{pkg: o.Package}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.Background()))
		}
	}()
	if s.network, err = newNetwork(); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(store.Options{InMemory: true}); err != nil {
		return nil, err
	}
	if s.engine, err = wasm.NewEngine(o.Cache, hclog.NewNullLogger(), o.Engine...); err != nil {
		return nil, err
	}
	s.host = plugin.NewHost(s.engine)
	return s, nil
}

// Close releases everything.
func (s *Stage) Close(ctx context.Context) error {
	var errs []error
	errs = append(errs, s.retire(ctx, nil))
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.network != nil {
		s.network.close()
	}
	return errors.Join(errs...)
}

// retire closes the last case's instance and keeps next in its place.
func (s *Stage) retire(ctx context.Context, next *plugin.Instance) error {
	last := s.last
	s.last = next
	if last == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer stop()
	return last.Supersede(ctx)
}

// cast is everything of one case: its host and what came of it.
type cast struct {
	c        *Case
	settings abi.Value
	refused  error // why the host takes the settings as they are for wrong
	script   *script
	others   *capabilities
	kv       kvView
	log      *log
	granted  map[string]wasm.Operation
}

// prepare makes the host of a case.
func (s *Stage) prepare(c *Case) (*cast, error) {
	s.played++
	p := &cast{c: c, script: newScript(c), others: &capabilities{canned: c.Operations}, log: &log{}}
	p.settings, p.refused = settings(s.pkg.Manifest, c.Settings)
	p.kv = kvView{s.store.Prefix(strconv.Itoa(s.played))}
	if err := p.kv.keep(c.Before); err != nil {
		return nil, err
	}
	name := s.instance(c)
	client, err := s.network.client(name, hosts(s.pkg.Manifest, c), p.logger())
	if err != nil {
		return nil, fmt.Errorf("hosts: %w", err)
	}
	kv, err := kvcall.New(kvcall.Options{Name: name, View: p.kv, IsNotFound: isNotFound, Logger: p.logger()})
	if err != nil {
		return nil, err
	}
	p.granted = kvOperations(kv)
	p.granted[abi.OpHTTPFetch] = s.network.fetch(p.script, client)
	for _, name := range s.pkg.Imports {
		if _, ok := p.granted[name]; !ok {
			p.granted[name] = p.others.operation(name)
		}
	}
	s.network.script.Store(p.script)
	return p, nil
}

// instance is the name of the plugin's instance.
func (s *Stage) instance(c *Case) string {
	if c.Request.Instance != "" && s.pkg.Manifest.Kind == manifest.KindProvider {
		return c.Request.Instance
	}
	return s.pkg.Manifest.ID
}

func (p *cast) logger() hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard})
	l.RegisterSink(p.log)
	return l
}

// hosts is the http grant of a case.
func hosts(m *manifest.Manifest, c *Case) []string {
	if c.Hosts != nil {
		return c.Hosts
	}
	for _, capability := range m.Capabilities {
		if capability.Name == "http" && len(capability.Hosts) > 0 {
			return capability.Hosts
		}
	}
	all := []string{}
	for _, u := range c.Upstream {
		if u.Want.URL != nil {
			all = append(all, u.Want.URL.Host)
		}
	}
	return all
}

// settings fills in the defaults and checks as the gateway does.
func settings(m *manifest.Manifest, given abi.Value) (abi.Value, error) {
	if len(given) == 0 {
		given = abi.AppendMap(nil, 0)
	}
	if m.Settings == nil {
		if given.Len() > 0 {
			return nil, errors.New("this plugin has no settings")
		}
		return given, nil
	}
	value := m.Settings.WithDefaults(given)
	return value, m.Settings.Validate(value)
}

// start brings the case's guest to life. The error is the plugin's own refusal of
// its settings when it has one.
func (s *Stage) start(ctx context.Context, p *cast, r *recorder) error {
	m := s.pkg.Manifest
	limits := wasm.Limits{
		CPU: m.Limits.CPU, Timeout: time.Duration(m.Limits.TimeoutMS) * time.Millisecond, MaxTasks: m.Limits.MaxTasks, Guests: 1,
	}
	if m.Concurrency == manifest.ConcurrencyExclusive {
		limits.MaxTasks = 1
	}
	instance := s.host.NewInstance(plugin.Spec{
		Name: s.instance(p.c), Package: s.pkg, Settings: p.settings, Granted: p.granted, Limits: limits, Log: p.logger(), Trace: r.event,
	})
	if err := instance.Start(ctx); err != nil {
		// The machine code must stay with the instance before, so it is kept.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer stop()
		if own := r.refusal(); own != nil {
			err = own
		}
		return errors.Join(err, instance.Supersede(ctx))
	}
	return s.retire(ctx, instance)
}
