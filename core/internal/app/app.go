// Package app is the composition root: it builds every part from the
// configuration, connects them through the interfaces that they declare, and
// shuts them down in order.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/archive"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/recording"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	journalcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/journal"
	userscall "github.com/patchbay-gw/patchbay/core/internal/hostcall/users"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// App is a running gateway.
type App struct {
	cfg *config.Config
	log hclog.Logger

	store      *store.Store
	journal    *journal.Journal
	auth       *auth.Authority
	engine     *wasm.Engine
	host       *plugin.Host
	library    *plugin.Library
	chosen     *chosen // versions that nobody decided on
	crashes    *crashLog
	registry   *registry.Registry
	states     *registry.States
	link       *freeswitch.Link
	archive    *archive.Archive
	recordings map[string]recording.Source // by node
	http       *httpcall.Pool
	server     *server.Server

	usersOperations map[string]wasm.Operation
	hooks           *hookKeys

	ring *seal.Ring // seals the secrets in the store
	desk *desk      // what the panel shows; nil for tools that have no gateway

	mu         sync.Mutex              // one change of the configuration at a time
	units      atomic.Pointer[[]*unit] // replaced as a whole by boot and apply
	background sync.WaitGroup
	stop       context.CancelFunc
	stopping   <-chan struct{} // closed when the gateway shuts down; nil before Run

	firstPassword string
	limiter       *auth.Limiter
	trace         func(wasm.Event) // see [App.Observe]
}

// New builds the gateway and opens its data; nothing listens yet. On an error
// everything that was opened is closed again.
func New(ctx context.Context, cfg *config.Config, log hclog.Logger) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, registry: registry.New(), limiter: auth.NewLimiter(nil), chosen: newChosen()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.release(context.WithoutCancel(ctx)))
		}
	}()
	if err := os.MkdirAll(cfg.Gateway.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := a.openData(ctx); err != nil {
		return nil, err
	}
	if err = a.openDesk(ctx); err != nil {
		return nil, err
	}
	if a.link, err = newLink(cfg, log.Named("freeswitch")); err != nil {
		return nil, err
	}
	if a.recordings, err = recordingSources(cfg, cfg.Gateway.TimeZone); err != nil {
		return nil, err
	}
	if a.http, err = httpcall.NewPool(httpcall.PoolOptions{}); err != nil {
		return nil, err
	}
	if a.engine, err = wasm.NewEngine(filepath.Join(cfg.Gateway.Data, "cache", "wasm"), log.Named("wasm")); err != nil {
		return nil, err
	}
	a.host = plugin.NewHost(a.engine)
	a.openLibrary(filepath.Join(cfg.Gateway.Data, "plugins"))
	if a.crashes, err = openCrashLog(keyed{a.store.Prefix("crashes")}); err != nil {
		return nil, err
	}
	for _, fault := range a.library.Catalogue().Faults {
		log.Error("plugin file", "error", fault)
	}
	a.usersOperations = userscall.Operations(a.listUsers)
	a.server, err = a.newServer()
	return a, err
}

// openData opens the store and what lives in it.
func (a *App) openData(ctx context.Context) (err error) {
	cfg := a.cfg
	a.store, err = store.Open(store.Options{
		Dir: filepath.Join(cfg.Gateway.Data, "store"), CacheBytes: cfg.Store.Cache,
		SyncWrites: cfg.Journal.Durability == "power", Logger: a.log.Named("store"),
	})
	if err != nil {
		return err
	}
	if a.ring, err = openRing(cfg); err != nil {
		return err
	}
	if err := a.renewSeals(ctx); err != nil {
		return fmt.Errorf("secrets in the store: %w", err)
	}
	keep := cfg.Journal.Retention
	a.journal, err = journal.Open(ctx, journal.Options{
		View: a.store.Prefix("journal"), Logger: a.log.Named("journal"),
		Retention: map[journal.Kind]time.Duration{
			journal.KindRequest: keep.Requests, journal.KindSMS: keep.SMS, journal.KindCall: keep.Calls, journal.KindAudit: keep.Audit,
		},
	})
	if err != nil {
		return err
	}
	a.hooks = newHookKeys(a.sealed("hooks"))
	a.archive = archive.New(a.store.Prefix("cdr"), keep.Calls, a.log.Named("cdr"))
	a.auth, err = auth.Open(ctx, sealedUsers{authStore{a.store.Prefix("auth")}, a.sealed("auth")}, auth.Options{
		TokenIdle: cfg.Auth.TokenIdle, TokenLifetime: cfg.Auth.TokenLifetime, TokensPerUser: cfg.Auth.TokensPerUser,
		LoginAttempts: cfg.Auth.Login.Attempts, LoginWindow: cfg.Auth.Login.Window,
		Argon2: auth.Argon2{MemoryKiB: uint32(cfg.Auth.Argon2.Memory >> 10), Time: uint32(cfg.Auth.Argon2.Time), Parallelism: uint8(cfg.Auth.Argon2.Parallelism)},
		Log:    a.log.Named("auth"),
	})
	if err != nil {
		return err
	}
	if a.firstPassword, _, err = a.auth.EnsureAdmin(ctx); err != nil {
		return err
	}
	a.states, err = registry.LoadStates(stateStorage{a.sealed("registry")})
	return err
}

// FirstPassword returns the password of the user admin when this start created
// it, otherwise "". It is not kept anywhere else.
func (a *App) FirstPassword() string { return a.firstPassword }

// unless returns shorten, or a function that leaves a text as it is when the
// operator wants the whole of it.
func unless(whole bool, shorten func(string) string) func(string) string {
	if whole {
		return func(s string) string { return s }
	}
	return shorten
}

// keepPhone decides how much of a number stays in the records of SMS and calls.
func (a *App) keepPhone() func(string) string {
	return unless(a.cfg.Journal.Phones == "full", mask.MaskPhone)
}

// journalOperations are the capability journal of one module.
func (a *App) journalOperations(module string) map[string]wasm.Operation {
	return journalcall.Operations(journalcall.Options{
		Journal: countingJournal{a.journal, a.desk.history}, Module: module, Zone: a.cfg.Gateway.TimeZone,
		Phone: a.keepPhone(), Text: unless(a.cfg.Journal.Messages == "full", mask.Text),
	})
}

// bodyPolicy decides how much of its parameters stays in the record of a request.
func (a *App) bodyPolicy() server.BodyPolicy {
	whole := a.cfg.Journal.Body == "full"
	return server.BodyPolicy{Keep: a.cfg.Journal.Body != "none", Phone: unless(whole, mask.MaskPhone), Text: unless(whole, mask.Text)}
}

func (a *App) newServer() (*server.Server, error) {
	g := a.cfg.Gateway
	opt := server.Options{
		Identity: a.auth, Tables: a.registry, Recorder: a.journal, Limiter: a.limiter,
		Idempotency: server.NewIdempotency(keyed{a.store.Prefix("idempotency")}, 24*time.Hour),
		Log:         a.log, Metrics: server.NewMetrics(),
		UserRate: authRate(a.cfg.Limits.User), RequestTimeout: g.RequestTimeout, BodyLimit: g.BodyLimit,
		TrustedProxies: g.TrustedProxies, BasePath: g.BasePath, CORSOrigins: g.CORS.Origins, CORSMaxAge: g.CORS.MaxAge,
		Body:    a.bodyPolicy(),
		Ready:   a.waiting,
		OpenAPI: a.openAPI, Docs: a.docs, CDR: a.receiveCDR, Hook: a.receiveHook,
		Admin: a.newAdmin(false).Mount, Large: a.largeBody, Observe: a.desk.observe,
	}
	var err error
	if opt.Panel, err = a.servePanel(); err != nil {
		return nil, err
	}
	if g.TLS != nil {
		pair, err := tls.LoadX509KeyPair(g.TLS.Cert, g.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("TLS certificate: %w", err)
		}
		opt.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if err := opt.Metrics.Register(collector{a}); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return server.New(opt), nil
}

// Run serves until ctx ends, then lets the requests in flight end and closes
// everything. bound gets the address once the gateway listens.
func (a *App) Run(ctx context.Context, bound func(net.Addr)) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop, a.stopping = stop, work.Done()
	if err := a.boot(work); err != nil {
		return errors.Join(err, a.release(context.WithoutCancel(ctx)))
	}
	a.background.Go(func() { a.auth.Run(work) })
	a.background.Go(func() { a.watchPlugins(work) })
	a.background.Go(func() { a.desk.history.Run(work) })
	a.background.Go(func() { a.forgetLimits(work) })
	a.background.Go(func() { a.pollStatuses(work) })
	if a.link != nil {
		a.link.Start(work)
	}
	for _, n := range a.cfg.FreeSWITCH {
		if n.CDR != nil && n.CDR.ErrorDir != "" {
			a.background.Go(func() { a.archive.Watch(work, n.Name, n.CDR.ErrorDir, importEvery) })
		}
	}
	served := make(chan error, 1)
	go func() { served <- a.server.Listen(a.cfg.Gateway.Listen, bound) }()
	stopControl := a.startControl()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		a.log.Info("shutting down")
		a.desk.end()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Gateway.RequestTimeout+5*time.Second)
		err = errors.Join(a.server.Shutdown(end), <-served)
		cancel()
	}
	stopControl()
	return errors.Join(err, a.release(context.WithoutCancel(ctx)))
}

// configured returns the units in force; the slice never changes.
func (a *App) configured() []*unit {
	if units := a.units.Load(); units != nil {
		return *units
	}
	return nil
}

// forgetLimits drops the counters of callers that have been quiet.
func (a *App) forgetLimits(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.limiter.Forget()
		case <-ctx.Done():
			return
		}
	}
}

// release closes what was opened, in the reverse order of its building.
func (a *App) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if a.stop != nil {
		a.stop()
	}
	var errs []error
	units := a.configured()
	a.background.Wait()
	for _, u := range units {
		if u.instance != nil {
			errs = append(errs, u.instance.Supersede(ctx))
		}
	}
	if a.link != nil {
		errs = append(errs, a.link.Close(ctx))
	}
	if a.http != nil {
		a.http.Close()
	}
	if a.engine != nil {
		errs = append(errs, a.engine.Close(ctx))
	}
	if a.journal != nil {
		errs = append(errs, a.journal.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
