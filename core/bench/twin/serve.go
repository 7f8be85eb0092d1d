package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
	"github.com/patchbay-gw/patchbay/core/internal/edge"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

type options struct{ data, manifest, upstream, listen string }

// shutdown bounds the end of the requests in flight.
const shutdown = 35 * time.Second

// serve answers until ctx ends.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	log, err := logging.New(logging.Options{Level: "info", Format: "text", Output: stderr})
	if err != nil {
		return err
	}
	d, err := openData(ctx, o.data, nil, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	files := descriptors.Process()
	pool, err := httpcall.NewPool(httpcall.PoolOptions{Descriptors: files})
	if err != nil {
		return err
	}
	defer pool.Close()
	table, err := routes(o, pool, log)
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go d.auth.Run(work)
	inner, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "twin listens on %s\n", inner.Addr()); err != nil {
		return errors.Join(err, inner.Close())
	}
	s := newServer(d, table, log)
	served := make(chan error, 1)
	// Through the gateway's edge, or its price would pass for that of WebAssembly.
	go func() { served <- s.Serve(edge.Listen(inner, edge.Options{Log: log, Descriptors: files})) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdown)
	defer cancel()
	return errors.Join(s.Shutdown(end), <-served)
}

// routes builds the table from the plugin's own manifest: same parameters, same
// checks, same time limits.
func routes(o options, pool *httpcall.Pool, log hclog.Logger) (*registry.Registry, error) {
	text, err := os.ReadFile(o.manifest)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m, issues := manifest.Parse(text)
	if len(issues) > 0 {
		return nil, fmt.Errorf("manifest %s: %w", o.manifest, issues[0])
	}
	to, err := url.Parse(o.upstream)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	client, err := httpcall.New(httpcall.Options{
		Name: m.ID, Pool: pool, Parsers: parsers{}, Logger: log,
		Grant:  httpcall.Grant{Hosts: []string{to.Host}, Private: true, Plaintext: true},
		Limits: httpcall.Limits{InFlight: wasm.DefaultMaxTasks},
	})
	if err != nil {
		return nil, err
	}
	module := &registry.Module{ID: m.ID, Manifest: m, On: true}
	for i := range m.Actions {
		action := &m.Actions[i]
		checker, err := params.Compile(action, params.Options{Region: "RU"})
		if err != nil {
			return nil, err
		}
		module.Routes = append(module.Routes, &registry.Route{
			Module: m.ID, Name: action.Name, Key: m.ID + "." + action.Name, Action: action, Checker: checker,
			Timeout: time.Duration(action.TimeoutMS) * time.Millisecond,
			Runner:  &native{url: o.upstream, client: client},
			Personal: map[string]registry.Personal{
				"phone": registry.PersonalPhone, "message": registry.PersonalText,
			},
		})
	}
	r := registry.New()
	r.Swap(registry.NewTable([]*registry.Module{module}, nil))
	return r, nil
}

// newServer uses the gateway's defaults; only the request rates are off.
func newServer(d *data, tables *registry.Registry, log hclog.Logger) *server.Server {
	return server.New(server.Options{
		Identity: d.auth, Tables: tables, Recorder: d.journal, Limiter: auth.NewLimiter(nil),
		Idempotency: server.NewIdempotency(answers{d.store.Prefix("idempotency")}, 24*time.Hour),
		Log:         log, Metrics: server.NewMetrics(),
		RequestTimeout: 30 * time.Second, BodyLimit: 1 << 20,
		Body: server.BodyPolicy{
			Keep: true, Phone: mask.AppendPhone, Text: mask.AppendText,
		},
		Ready:   func() []string { return nil },
		OpenAPI: noDocument, Docs: noDocument,
		CDR: func(context.Context, server.CDRPost) error { return server.ErrCDRDenied },
	})
}

func noDocument(*registry.Table, string) ([]byte, error) {
	return nil, errors.New("the twin has no documents")
}

// parsers are the gateway's.
type parsers struct{}

var _ httpcall.Parsers = parsers{}

func (parsers) JSON(dst, src []byte) ([]byte, error) {
	return transcode.FromJSON(dst, src, transcode.Options{AllowDuplicates: true})
}
func (parsers) XML(dst, src []byte) ([]byte, error)  { return transcode.FromXML(dst, src) }
func (parsers) Form(dst, src []byte) ([]byte, error) { return transcode.FromForm(dst, src) }

// answers keeps the answers to requests with an Idempotency-Key.
type answers struct{ view store.View }

var _ server.KeyStore = answers{}

func (a answers) Get(key string) ([]byte, error) {
	b, err := a.view.Get([]byte(key))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

func (a answers) Put(key string, value []byte, ttl time.Duration) error {
	return a.view.Put([]byte(key), value, ttl)
}

func (a answers) Delete(key string) error { return a.view.Delete([]byte(key)) }
