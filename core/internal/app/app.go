// Package app is the composition root: it builds every part from the
// configuration, connects them through the interfaces that they declare, and
// shuts them down in order.
package app

import (
	"context"
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
	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
	"github.com/patchbay-gw/patchbay/core/internal/edge"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/archive"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
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
	cfg      *config.Config                // of the start; see [App.config]
	reloaded atomic.Pointer[config.Config] // nil: never
	next     atomic.Pointer[config.Config] // see [App.target]
	loader   Loader
	log      hclog.Logger

	store       *store.Store
	journal     *journal.Journal
	auth        *auth.Authority
	engine      *wasm.Engine
	host        *plugin.Host
	library     *plugin.Library
	chosen      *chosen // versions that nobody decided on
	crashes     *crashLog
	registry    *registry.Registry
	states      *registry.States
	link        *freeswitch.Link
	archive     *archive.Archive
	nodes       atomic.Pointer[nodeSet] // replaced as a whole by setNodes
	descriptors *descriptors.Budget
	http        *httpcall.Pool
	server      *server.Server

	usersOperations map[string]wasm.Operation
	hooks           *hookKeys

	ring     *seal.Ring // seals the secrets in the store
	rotating sync.Mutex // one change of its keys at a time; taken before mu
	backing  sync.Mutex // one backup at a time
	desk     *desk      // what the panel shows; nil for tools that have no gateway

	mu         sync.Mutex              // one change of the configuration at a time
	units      atomic.Pointer[[]*unit] // replaced as a whole by boot and apply
	background sync.WaitGroup
	stop       context.CancelFunc
	stopping   <-chan struct{} // closed when the gateway shuts down; nil before Run
	work       context.Context // ends with it; nil before Run
	hurry      chan struct{}   // closed by Hurry
	hurryOnce  sync.Once

	certificates *edge.Certificates               // nil: plain HTTP
	listener     atomic.Pointer[edge.Listener]    // nil before Run
	errorDirs    map[[2]string]context.CancelFunc // by node and folder; guarded by mu

	firstPassword string
	limiter       *auth.Limiter
	guard         *guard.Guard
	trace         func(wasm.Event) // see [App.Observe]
}

// New builds the gateway and opens its data; nothing listens yet. On an error
// everything that was opened is closed again.
func New(ctx context.Context, cfg *config.Config, log hclog.Logger) (_ *App, err error) {
	a := &App{
		cfg: cfg, log: log, registry: registry.New(), descriptors: descriptors.Process(), limiter: auth.NewLimiter(nil), chosen: newChosen(),
		hurry: make(chan struct{}), errorDirs: map[[2]string]context.CancelFunc{},
	}
	if err := a.openCertificates(); err != nil {
		return nil, err
	}
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
	if err = a.openGuards(ctx); err != nil {
		return nil, err
	}
	if err = a.openNodes(); err != nil {
		return nil, err
	}
	if a.http, err = httpcall.NewPool(httpcall.PoolOptions{Descriptors: a.descriptors}); err != nil {
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
	cfg := a.config()
	if err := unfinishedRestore(cfg.Gateway.Data); err != nil {
		return err
	}
	a.store, err = store.Open(store.Options{
		Dir: filepath.Join(cfg.Gateway.Data, "store"), CacheBytes: cfg.Store.Cache, Reserve: cfg.Store.Reserve,
		SyncWrites: cfg.Journal.Durability == "power", Logger: a.log.Named("store"),
	})
	if err != nil {
		return err
	}
	if a.ring, err = openRing(cfg); err != nil {
		return err
	}
	if err := a.adoptKeys(ctx); err != nil {
		return err
	}
	keep := cfg.Journal.Retention
	a.journal, err = journal.Open(ctx, journal.Options{
		View: a.store.Prefix("journal"), Logger: a.log.Named("journal"),
		Retention: map[journal.Kind]time.Duration{
			journal.KindRequest: keep.Requests, journal.KindSMS: keep.SMS, journal.KindCall: keep.Calls, journal.KindAudit: keep.Audit,
		},
		BadRequests: keepBad(keep),
	})
	if err != nil {
		return err
	}
	a.hooks = newHookKeys(a.sealed("hooks"))
	a.archive = archive.New(a.store.Prefix("cdr"), keep.CDR, a.log.Named("cdr"))
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
	return unless(a.config().Journal.Phones == "full", mask.MaskPhone)
}

// journalOperations are the capability journal of one module.
func (a *App) journalOperations(module string) map[string]wasm.Operation {
	return journalcall.Operations(journalcall.Options{
		Journal: countingJournal{a.journal, a.desk.history}, Module: module, Zone: a.config().Gateway.TimeZone,
		// Instances outlive a reload: what is kept is decided when it is written.
		Phone: func(s string) string { return a.keepPhone()(s) },
		Text:  func(s string) string { return unless(a.config().Journal.Messages == "full", mask.Text)(s) },
	})
}

// bodyPolicy decides how much of its parameters stays in the record of a request.
func (a *App) bodyPolicy() server.BodyPolicy {
	whole := a.config().Journal.Body == "full"
	return server.BodyPolicy{Keep: a.config().Journal.Body != "none", Whole: whole, Phone: mask.AppendPhone, Text: mask.AppendText}
}

func (a *App) newServer() (*server.Server, error) {
	opt := server.Options{
		Identity: a.auth, Tables: a.registry, Recorder: a.journal, Limiter: a.limiter, Guard: a.guard,
		Idempotency: server.NewIdempotency(keyed{a.store.Prefix("idempotency")}, 24*time.Hour),
		Log:         a.log, Metrics: server.NewMetrics(),
		BasePath: a.config().Gateway.BasePath,
		Ready:    a.waiting,
		Room:     a.store.Full,
		OpenAPI:  a.openAPI, Docs: a.docs, CDR: a.receiveCDR, Hook: a.receiveHook,
		Admin: a.newAdmin(false).Mount, Large: a.largeBody, Observe: a.desk.observe,
	}
	var err error
	if opt.Panel, err = a.servePanel(); err != nil {
		return nil, err
	}
	if err := opt.Metrics.Register(collector{a}); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	s := server.New(opt)
	s.Adopt(a.policy(a.config()))
	return s, nil
}

// Run serves until ctx ends, then lets the requests in flight end and closes
// everything. bound gets the address once the gateway listens.
func (a *App) Run(ctx context.Context, bound func(net.Addr)) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop, a.stopping, a.work = stop, work.Done(), work
	if err := a.boot(work); err != nil {
		return errors.Join(err, a.release(context.WithoutCancel(ctx)))
	}
	a.background.Go(func() { a.auth.Run(work) })
	a.background.Go(func() { a.watchPlugins(work) })
	a.background.Go(func() { a.desk.history.Run(work) })
	a.background.Go(func() { a.forgetLimits(work) })
	a.background.Go(func() { a.guard.Run(work) })
	a.background.Go(func() { a.desk.exports.Run(work) })
	a.background.Go(func() { a.pollStatuses(work) })
	if a.link != nil {
		a.link.Start(work)
	}
	a.mu.Lock()
	a.watchErrorDirs()
	a.mu.Unlock()
	listener, err := a.listen()
	if err != nil {
		return errors.Join(err, a.release(context.WithoutCancel(ctx)))
	}
	a.listener.Store(listener)
	if a.certificates != nil {
		a.background.Go(func() { a.certificates.Watch(work, certificateEvery, a.log.Named("edge")) })
	}
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(listener) }()
	bound(listener.Addr())
	stopControl := a.startControl()
	cut := false
	select {
	case err = <-served:
		err = errors.Join(err, listener.Close())
	case <-ctx.Done():
		cut, err = a.drain(ctx, listener, served)
	}
	stopControl()
	return errors.Join(err, a.leave(ctx, cut))
}

// releaseTime bounds the closing of everything.
const releaseTime = 30 * time.Second

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
	if a.stop != nil {
		a.stop()
	}
	var errs []error
	a.mu.Lock() // what is being changed ends first; who comes later sees that it stops
	units := a.configured()
	a.mu.Unlock()
	// A plugin that is being compiled is waited for, however long; the rest has its time
	// from then on.
	a.background.Wait()
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
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
