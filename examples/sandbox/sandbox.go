// Package sandbox is the world that Patchbay talks to, on a laptop: a stand-in FreeSWITCH,
// SMS aggregators, an online statistics server and a CRM, filled with the examples of
// the user manual. It shares no code with the gateway, so that it can catch its errors.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/crm"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/examples/sandbox/sms"
	"github.com/patchbay-gw/patchbay/examples/sandbox/stats"
)

// Options of a World. The zero value listens on free loopback ports.
type Options struct {
	ESL  string // "127.0.0.1:0" if empty
	HTTP string // "127.0.0.1:0" if empty
	// Gateway is the base URL of the gateway; a CDRURL that begins with / is taken below it.
	Gateway     string
	CDRURL      string // where call records are posted; none if empty
	CDREncoding string // true, false, base64, textxml or json; "true" if empty
	CDRUser     string
	CDRPassword string
	CDRRetries  int           // further attempts after a refusal; 2 if 0, none if negative
	CDRDelay    time.Duration // between attempts, 1 s if 0
	Recordings  string        // a new temporary directory if empty, removed by Close
	Speed       float64       // divides every duration of the switch; 1 if 0
	// Switch overrides details of the stand-in FreeSWITCH; address, password, recordings,
	// CDR and speed come from the fields of this structure.
	Switch   freeswitch.Options
	Password string // event socket password, "ClueCon" if empty
	SMS      sms.Options
	Stats    stats.Options
	CRM      crm.Options
}

// World is a running sandbox. All methods are safe for concurrent use.
type World struct {
	freeswitch *freeswitch.Switch
	sms        *sms.Server
	crm        *crm.Server
	server     *http.Server
	listener   net.Listener
	served     chan error // gets the result of Serve and is closed
	recordings string
	temporary  bool
}

// Start brings the world up; it is ready when Start returns.
func Start(o Options) (*World, error) {
	w := &World{served: make(chan error, 1)}
	if err := w.prepareRecordings(o.Recordings); err != nil {
		return nil, err
	}
	if err := w.start(o); err != nil {
		return nil, errors.Join(err, w.removeTemporary())
	}
	return w, nil
}

func (w *World) start(o Options) error {
	switchOptions, err := w.switchOptions(o)
	if err != nil {
		return err
	}
	address := o.HTTP
	if address == "" {
		address = "127.0.0.1:0"
	}
	if w.listener, err = net.Listen("tcp", address); err != nil {
		return fmt.Errorf("sandbox: listen on %s: %w", address, err)
	}
	if w.freeswitch, err = freeswitch.Start(switchOptions); err != nil {
		return errors.Join(fmt.Errorf("sandbox: %w", err), w.listener.Close())
	}
	mux := http.NewServeMux()
	w.sms, w.crm = sms.New(o.SMS), crm.New(o.CRM)
	w.sms.Register(mux)
	w.crm.Register(mux)
	stats.New(o.Stats).Register(mux)
	w.registerHistory(mux)
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go func() { // ends with Close
		w.served <- w.server.Serve(w.listener)
		close(w.served)
	}()
	return nil
}

func (w *World) switchOptions(o Options) (freeswitch.Options, error) {
	target, err := cdrTarget(o.Gateway, o.CDRURL)
	if err != nil {
		return freeswitch.Options{}, err
	}
	encoding := cdr.EncodeTrue
	if o.CDREncoding != "" {
		if encoding, err = cdr.ParseEncoding(o.CDREncoding); err != nil {
			return freeswitch.Options{}, fmt.Errorf("sandbox: %w", err)
		}
	}
	so := o.Switch
	so.Address, so.Password, so.RecordingsDir, so.Speed, so.PostManualCDR = o.ESL, o.Password, w.recordings, o.Speed, true
	so.CDR = cdr.Options{
		URL: target, Encoding: encoding, User: o.CDRUser, Password: o.CDRPassword, Retries: max(o.CDRRetries, 0), Delay: o.CDRDelay,
		ErrorDir: filepath.Join(w.recordings, "cdr-errors"),
	}
	if o.CDRRetries == 0 {
		so.CDR.Retries = 2
	}
	if so.CDR.Delay == 0 {
		so.CDR.Delay = time.Second
	}
	return so, nil
}

func cdrTarget(gateway, target string) (string, error) {
	if !strings.HasPrefix(target, "/") {
		return target, nil
	}
	base, err := url.Parse(gateway)
	if err != nil || base.Host == "" {
		return "", fmt.Errorf("sandbox: the CDR address %q needs the base URL of the gateway, %q is none", target, gateway)
	}
	return strings.TrimSuffix(gateway, "/") + target, nil
}

func (w *World) prepareRecordings(dir string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "patchbay-sandbox-")
		if err != nil {
			return fmt.Errorf("sandbox: make the recordings directory: %w", err)
		}
		w.recordings, w.temporary = temporary, true
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("sandbox: make the recordings directory: %w", err)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("sandbox: recordings directory: %w", err)
	}
	w.recordings = absolute
	return nil
}

func (w *World) removeTemporary() error {
	if !w.temporary {
		return nil
	}
	return os.RemoveAll(w.recordings)
}

// ESLAddr returns the bound address of the event socket.
func (w *World) ESLAddr() string { return w.freeswitch.Addr() }

// HTTPAddr returns the bound address of everything else.
func (w *World) HTTPAddr() string { return w.listener.Addr().String() }

// RecordingsDir returns where recordings are; CDRs that could not be posted are in cdr-errors below it.
func (w *World) RecordingsDir() string { return w.recordings }

// Switch is the stand-in FreeSWITCH, with its call centre.
func (w *World) Switch() *freeswitch.Switch { return w.freeswitch }

// Calls returns every leg that an originate command dialled.
func (w *World) Calls() []freeswitch.Call { return w.freeswitch.Calls() }

// Commands returns every event socket command as it arrived, passwords excepted.
func (w *World) Commands() []freeswitch.Command { return w.freeswitch.Commands() }

// Incidents returns what an injected command would have done; a sound gateway causes none.
func (w *World) Incidents() []freeswitch.Incident { return w.freeswitch.Incidents() }

// CDRPosts returns every attempt to post a call record.
func (w *World) CDRPosts() []cdr.Attempt { return w.freeswitch.CDRPosts() }

// SMS returns every message that an aggregator read.
func (w *World) SMS() []sms.Message { return w.sms.Messages() }

// CRMRequests returns what was asked of the CRM.
func (w *World) CRMRequests() []crm.Request { return w.crm.Requests() }

// ExpireCRMSessions makes the CRM ask for a new login.
func (w *World) ExpireCRMSessions() { w.crm.ExpireSessions() }

// Close ends everything and removes a temporary recordings directory. Closing twice is harmless.
func (w *World) Close() error {
	w.sms.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := w.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = w.server.Close()
	}
	if serveErr, open := <-w.served; open && !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return errors.Join(err, w.freeswitch.Close(), w.removeTemporary())
}
