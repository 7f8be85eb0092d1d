package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

var errDisk = errors.New("the disk is full")

// runner is a plugin written as a Go function.
type runner func(ctx context.Context, q *abi.Request) (*wasm.Result, error)

func (r runner) Do(ctx context.Context, q *abi.Request, _ int) (*wasm.Result, error) {
	return r(ctx, q)
}

func replies(p abi.Reply) runner {
	return func(context.Context, *abi.Request) (*wasm.Result, error) { return &wasm.Result{Reply: p}, nil }
}

func fails(err error) runner {
	return func(context.Context, *abi.Request) (*wasm.Result, error) { return nil, err }
}

// recorder keeps the records of requests; it can fail and it can wait.
type recorder struct {
	mu   sync.Mutex
	rows []journal.Request
	fail error
	wait func(ctx context.Context) error
}

func (r *recorder) AppendRequest(ctx context.Context, q journal.Request) (uint64, error) {
	if r.wait != nil {
		if err := r.wait(ctx); err != nil {
			return 0, err
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return 0, r.fail
	}
	r.rows = append(r.rows, q)
	return uint64(len(r.rows)), nil
}

func (r *recorder) all() []journal.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.rows)
}

// authStore is a store of auth in memory.
type authStore struct {
	mu      sync.Mutex
	records map[string][]byte
}

func (s *authStore) Put(key string, value []byte, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[key] = slices.Clone(value)
	return nil
}

func (s *authStore) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

func (s *authStore) Scan(_ context.Context, prefix string, fn func(string, []byte) error) error {
	s.mu.Lock()
	records := maps.Clone(s.records)
	s.mu.Unlock()
	for key, value := range records {
		if strings.HasPrefix(key, prefix) {
			if err := fn(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// logBuffer collects what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// rig is a server with fakes around it; fields may be changed before start.
type rig struct {
	t        testing.TB
	opt      server.Options
	auth     *auth.Authority
	records  *recorder
	log      *logBuffer
	registry *registry.Registry
	routes   []*registry.Route
	s        *server.Server
	token    string // of the user crm, who may do everything
}

const password = "correct-horse-7"

func newRig(t testing.TB) *rig {
	t.Helper()
	a, err := auth.Open(t.Context(), &authStore{records: map[string][]byte{}}, auth.Options{
		Argon2: auth.Argon2{MemoryKiB: 7 << 10, Time: 1, Parallelism: 1}, LoginAttempts: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, auth: a, records: &recorder{}, log: &logBuffer{}, registry: registry.New()}
	r.token = r.user("crm", "*")
	log := hclog.New(&hclog.LoggerOptions{Output: r.log, JSONFormat: true})
	r.opt = server.Options{
		Identity: a, Tables: r.registry, Recorder: r.records, Limiter: auth.NewLimiter(nil),
		Idempotency: server.NewIdempotency(newKeys(), time.Hour), Log: log, Metrics: server.NewMetrics(),
		RequestTimeout: 10 * time.Second, BodyLimit: 4 << 10,
		Body: server.BodyPolicy{
			Keep: true,
			Phone: func(dst, s []byte) []byte {
				return append(append(append(dst, "tel("...), s[max(0, len(s)-2):]...), ')')
			},
			Text: func(dst, _ []byte) []byte { return append(dst, "(text)"...) },
		},
		Ready: func() []string { return nil },
		CDR:   func(context.Context, server.CDRPost) error { return nil },
	}
	return r
}

// user makes an active user and returns a token.
func (r *rig) user(login string, rights ...string) string {
	r.t.Helper()
	u := auth.User{Login: login, Role: auth.RoleIntegrator, Status: auth.StatusActive, Rights: rights}
	if _, err := r.auth.Create(r.t.Context(), u, password); err != nil {
		r.t.Fatal(err)
	}
	issued, err := r.auth.Issue(r.t.Context(), login, auth.TokenOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return issued.Token
}

const sendParams = `{"type":"object","required":["phone"],"properties":{
	"phone":{"type":"string","x-personal":"phone"},
	"message":{"type":"string","x-personal":"text"},
	"pin":{"type":"string","x-secret":true},
	"project_id":{"type":"string","maxLength":3000}}}`

// route adds an action of module "sms" that takes the parameters of sendParams.
func (r *rig) route(name string, run registry.Runner, edit ...func(*registry.Route)) *registry.Route {
	r.t.Helper()
	s, issues := schema.Parse([]byte(sendParams))
	if len(issues) > 0 {
		r.t.Fatal(issues)
	}
	action := &manifest.Action{Name: name, Methods: []string{"POST"}, Params: s}
	checker, err := params.Compile(action, params.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	route := &registry.Route{
		Module: "sms", Name: name, Key: "sms." + name, Action: action, Checker: checker, Runner: run,
		Personal: map[string]registry.Personal{
			"phone": registry.PersonalPhone, "message": registry.PersonalText, "pin": registry.PersonalSecret,
		},
	}
	for _, f := range edit {
		f(route)
	}
	r.routes = append(r.routes, route)
	return route
}

func safe(r *registry.Route) { r.Action.Safe, r.Action.Methods = true, []string{"POST", "GET"} }

// start builds the server with the routes added so far.
func (r *rig) start() *rig {
	r.t.Helper()
	r.registry.Swap(registry.NewTable([]*registry.Module{{ID: "sms", On: true, Routes: r.routes}}, nil))
	r.s = server.New(r.opt)
	return r
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// id is the error id in the body.
func (a answer) id() string {
	var p struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(a.body), &p) // not every answer is a problem
	return p.ID
}

// do sends a request; headers are pairs.
func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Add(headers[i], headers[i+1])
	}
	p, err := r.s.App().Test(q, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	text, err := io.ReadAll(p.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{p.StatusCode, p.Header, string(text)}
}

// send posts as crm.
func (r *rig) send(path, body string, headers ...string) answer {
	r.t.Helper()
	return r.do("POST", path, body, append([]string{"Authorization", "Bearer " + r.token}, headers...)...)
}

// last is the newest record; it fails unless there are n of them.
func (r *rig) last(n int) journal.Request {
	r.t.Helper()
	all := r.records.all()
	if len(all) != n {
		r.t.Fatalf("%d records, want %d: %+v", len(all), n, all)
	}
	return all[n-1]
}

// logged is the log line with an error id.
func (r *rig) logged(id string) bool {
	return id != "" && strings.Contains(r.log.String(), `"error_id":"`+id+`"`)
}

// keys is a KeyStore in memory that can fail.
type keys struct {
	mu                      sync.Mutex
	values                  map[string][]byte
	failGet, failPut, failD error
	puts                    int
	failPutAt               int // fail the n-th Put only
}

func newKeys() *keys { return &keys{values: map[string][]byte{}} }

func (k *keys) Get(key string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.values[key]), k.failGet
}

func (k *keys) Put(key string, value []byte, _ time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.puts++; k.puts == k.failPutAt {
		return errDisk
	}
	if k.failPut == nil {
		k.values[key] = slices.Clone(value)
	}
	return k.failPut
}

func (k *keys) Delete(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.values, key)
	return k.failD
}

// file is a held file that counts how often it is closed.
type file struct {
	*strings.Reader
	modified time.Time
	failSeek error
	mu       sync.Mutex
	closed   int
}

func newFile(text string) *file { return &file{Reader: strings.NewReader(text)} }

func (f *file) ModTime() time.Time  { return f.modified }
func (f *file) ContentType() string { return "audio/wav" }

func (f *file) Seek(offset int64, whence int) (int64, error) {
	if f.failSeek != nil {
		return 0, f.failSeek
	}
	return f.Reader.Seek(offset, whence)
}

func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func (f *file) closes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// attaches answers with a held file.
func attaches(h wasm.Held, p abi.Reply) runner {
	p.Form = abi.FormAttachment
	return func(context.Context, *abi.Request) (*wasm.Result, error) {
		return &wasm.Result{Reply: p, Attachment: h}, nil
	}
}

func mustAddr(t testing.TB, s string) netip.Prefix {
	t.Helper()
	p, err := netip.ParsePrefix(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
