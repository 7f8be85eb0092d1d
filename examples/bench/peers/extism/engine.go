package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
)

// engine runs the guest. An instance serves one call at a time, the calls to its
// upstream included, so there are as many as there were requests at once.
type engine struct {
	plugin *extism.CompiledPlugin
	text   bool // the guest gets two lines instead of JSON

	mu   sync.Mutex
	idle []*extism.Plugin
}

var _ pipeline.Engine = (*engine)(nil)

// Results of the guest.
const (
	done     = 0
	badPhone = 1
)

type settings struct {
	guest    string // the file
	upstream string // host:port
	timeout  time.Duration
	text     bool
}

// newEngine compiles the guest; a timeout of 0 switches Extism's off. The caller
// closes the engine.
func newEngine(ctx context.Context, s settings) (*engine, error) {
	host, _, err := net.SplitHostPort(s.upstream)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	// Extism asks through http.DefaultClient, which would keep only two
	// connections of the 64 and dial the others anew for every request.
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 1<<16
	}
	m := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmFile{Path: s.guest}},
		AllowedHosts: []string{host},
		Config:       map[string]string{"upstream": "http://" + s.upstream + "/"},
		Timeout:      uint64(s.timeout.Milliseconds()),
	}
	p, err := extism.NewCompiledPlugin(ctx, m, extism.PluginConfig{EnableWasi: true, RuntimeConfig: wazero.NewRuntimeConfigCompiler()}, nil)
	if err != nil {
		return nil, fmt.Errorf("guest: %w", err)
	}
	return &engine{plugin: p, text: s.text}, nil
}

// close ends every instance; no call may be running.
func (e *engine) close(ctx context.Context) error {
	var errs []error
	for _, p := range e.idle {
		errs = append(errs, p.Close(ctx))
	}
	return errors.Join(append(errs, e.plugin.Close(ctx))...)
}

// take returns an instance that nobody uses, a new one when there is none.
func (e *engine) take(ctx context.Context) (*extism.Plugin, error) {
	if p := e.unused(); p != nil {
		return p, nil
	}
	return e.plugin.Instance(ctx, extism.PluginInstanceConfig{ModuleConfig: wazero.NewModuleConfig()})
}

func (e *engine) unused() *extism.Plugin {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.idle)
	if n == 0 {
		return nil
	}
	p := e.idle[n-1]
	e.idle = e.idle[:n-1]
	return p
}

func (e *engine) give(p *extism.Plugin) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, p)
}

func (e *engine) Estimate(q pipeline.SMS) ([]byte, error) { return e.call("estimate", q) }
func (e *engine) Submit(q pipeline.SMS) ([]byte, error)   { return e.call("submit", q) }

func (e *engine) call(name string, q pipeline.SMS) ([]byte, error) {
	// Instances outlive requests; Extism's time-out bounds the call.
	ctx := context.Background()
	input := q.Body
	if e.text {
		input = append(append(append(make([]byte, 0, len(q.Phone)+1+len(q.Message)), q.Phone...), '\n'), q.Message...)
	}
	p, err := e.take(ctx)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	code, output, err := p.CallWithContext(ctx, name, input)
	switch {
	case err != nil:
		return nil, errors.Join(fmt.Errorf("guest: %w", err), p.Close(ctx))
	case code == badPhone:
		e.give(p)
		return nil, pipeline.ErrPhone
	case code != done:
		e.give(p)
		return nil, fmt.Errorf("%w: the guest says %d", pipeline.ErrUpstream, code)
	}
	// The output is in the guest's memory until its next call.
	answer := append([]byte(nil), output...)
	e.give(p)
	return answer, nil
}
