package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// developer is the user whose token is printed.
const developer = "developer"

// runPlugin serves a local gateway with one plugin, until it is interrupted.
func runPlugin(env *environment, args []string) error {
	f := env.flags("plugin run")
	b := &workbench{env: env}
	f.StringVar(&b.listen, "listen", "127.0.0.1:8085", "address to serve on, host:port")
	f.StringVar(&b.settingsFile, "settings", "", "JSON file with the plugin's settings, secrets included; settings.json of the folder when it is there")
	f.StringVar(&b.with, "with", "", "plugin file of the module that declares the provider's extension point; looked for in `plugins` beside patchbay and in build/plugins when empty")
	rest, err := env.parse(f, args, "DIR|FILE.wasm")
	if err != nil {
		return err
	}
	if err := b.find(rest[0]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return b.run(ctx)
}

// run serves one gateway after the other: a change of the plugin or its settings
// takes a new one, on the same data and address.
func (b *workbench) run(ctx context.Context) (err error) {
	if b.data, err = os.MkdirTemp("", "patchbay-run-"); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.data)) }()
	if err := b.shareCache(); err != nil {
		return err
	}
	next, err := b.build(ctx)
	if err != nil {
		return err
	}
	for next != nil {
		if next, err = b.session(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// shareCache keeps the machine code beyond the temporary data.
func (b *workbench) shareCache() error {
	cache, own := compileCache(), filepath.Join(b.data, "gateway", "cache")
	if cache == "" {
		return nil
	}
	err := errors.Join(os.MkdirAll(cache, 0o700), os.MkdirAll(own, 0o700))
	if err == nil {
		err = os.Symlink(cache, filepath.Join(own, "wasm"))
	}
	if err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	return nil
}

// session serves what was built until there is something new, which it returns.
// It returns nil when ctx ends.
func (b *workbench) session(ctx context.Context, s *setup) (*setup, error) {
	if err := b.install(s); err != nil {
		return nil, err
	}
	cfg, err := b.configuration(s)
	if err != nil {
		return nil, err
	}
	log, err := logging.New(logging.Options{Level: "info", Format: "text", Output: b.env.stderr})
	if err != nil {
		return nil, err
	}
	gateway, err := app.New(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	tracer := rehearsal.NewTracer(s.plugin.Manifest, s.settings)
	gateway.Observe(func(e wasm.Event) { b.trace(tracer, e) })
	serving, stop := context.WithCancel(ctx)
	defer stop()
	var next *setup
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer stop()
		next = b.await(serving, s)
	}()
	err = gateway.Run(serving, func(a net.Addr) { b.announce(serving, gateway, s, a) })
	stop()
	<-watched
	return next, err
}

// configuration is what gateway.hcl would say.
func (b *workbench) configuration(s *setup) (*config.Config, error) {
	var t strings.Builder
	fmt.Fprintf(&t, "gateway {\n  listen = %s\n  data = %s\n  plugins = [%s]\n}\n", hcl(b.listen), hcl(filepath.Join(b.data, "gateway")), hcl(b.plugins()))
	t.WriteString("trust {\n  unsigned = \"allow\"\n}\n") // the developer's own
	if s.module != nil {
		fmt.Fprintf(&t, "module %s {\n}\n", hcl(s.module.Manifest.ID))
	}
	m := s.plugin.Manifest
	fmt.Fprintf(&t, "%s %s {\n", m.Kind, hcl(m.ID))
	if m.Kind == manifest.KindProvider {
		fmt.Fprintf(&t, "  plugin = %s\n", hcl(m.ID))
	}
	if hosts := s.hosts(); len(hosts) > 0 {
		fmt.Fprintf(&t, "  grant {\n    http {\n      hosts = [%s]\n      private = true\n    }\n  }\n", strings.Join(each(hosts, hcl), ", "))
	}
	fmt.Fprintf(&t, "  settings = %s\n}\n", s.settingsHCL())
	cfg, diagnostics := config.Parse("plugin run", []byte(t.String()), config.Env{})
	if diagnostics.HasErrors() {
		return nil, fmt.Errorf("the configuration that was made for the plugin: %w", diagnostics.Err())
	}
	return cfg, nil
}

func each(all []string, f func(string) string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = f(s)
	}
	return out
}

// hcl writes a text as a string of HCL, in which ${ and %{ begin templates.
func hcl(s string) string { return escapeTemplates(quoteJSON(s)) }

var templateEscaper = strings.NewReplacer("${", "$${", "%{", "%%{")

func escapeTemplates(s string) string { return templateEscaper.Replace(s) }

// trace prints an event; tasks run at the same time, so each line says whose it is.
func (b *workbench) trace(t *rehearsal.Tracer, e wasm.Event) {
	b.printing.Lock()
	defer b.printing.Unlock()
	for _, line := range t.Lines(e) {
		_, _ = fmt.Fprintf(b.env.stderr, "%s %s#%d %s\n", time.Now().Format("15:04:05.000"), e.Instance, e.Task, line)
	}
}

// announce says how to talk to the gateway, once, and how the plugins do, each time.
func (b *workbench) announce(ctx context.Context, gateway *app.App, s *setup, address net.Addr) {
	b.listen = address.String() // of the sessions to come, too
	if b.token == "" {
		token, err := gateway.IntegratorToken(ctx, developer)
		if err != nil {
			b.say("no token: %v", err)
			return
		}
		b.token = token
		b.say("patchbay listens on http://%s, token %s", address, token)
		for _, line := range s.examples(b.listen, token) {
			b.say("  %s", line)
		}
	} else {
		b.say("reloaded")
	}
	go b.tellWarm(ctx, gateway)
}

// tellWarm says when every plugin is ready, or why one is not. It ends with ctx.
func (b *workbench) tellWarm(ctx context.Context, gateway *app.App) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	told := map[string]string{}
	for {
		settled := true
		for name, state := range gateway.Instances() {
			busy := slices.Contains([]string{"verified", "compiling", "compiled"}, state)
			settled = settled && !busy
			if !busy && told[name] != state {
				told[name] = state
				b.say("%s: %s", name, state)
			}
		}
		if settled {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (b *workbench) say(format string, args ...any) {
	b.printing.Lock()
	defer b.printing.Unlock()
	_, _ = fmt.Fprintf(b.env.stdout, format+"\n", args...)
}

// workbench is a developer's gateway.
type workbench struct {
	env          *environment
	listen       string
	settingsFile string
	with         string

	dir   string // of the project; empty when a file is run
	file  string // the plugin
	data  string // temporary
	token string

	printing sync.Mutex
}
