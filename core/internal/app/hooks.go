package app

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Names of the operations behind a webhook: the provider's, and the one that the
// module which declares the point answers.
const (
	opReceipt  = "receipt"
	opReceipts = "receipts"
)

// hookKeys keeps the secret of each provider instance's webhook. A secret is made
// when it is first asked for and stays until it is rotated.
type hookKeys struct {
	storage secretStore
	mu      sync.Mutex
	known   map[string]string
}

func newHookKeys(storage secretStore) *hookKeys {
	return &hookKeys{storage: storage, known: map[string]string{}}
}

// newSecret returns 160 random bits as 32 letters and digits, which need no
// escaping anywhere.
func newSecret() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails; it ends the process instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// get returns an instance's secret; make makes one when there is none, otherwise
// it is "".
func (k *hookKeys) get(instance string, make bool) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.known[instance]; s != "" {
		return s, nil
	}
	b, err := k.storage.Get(instance)
	if err != nil {
		return "", fmt.Errorf("webhook of %s: %w", instance, err)
	}
	if b == nil && !make {
		return "", nil
	}
	if b == nil {
		b = []byte(newSecret())
		if err := k.storage.Put(instance, b, 0); err != nil {
			return "", fmt.Errorf("webhook of %s: %w", instance, err)
		}
	}
	k.known[instance] = string(b)
	return string(b), nil
}

// rotate replaces an instance's secret; the old one ends at once.
func (k *hookKeys) rotate(instance string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := newSecret()
	if err := k.storage.Put(instance, []byte(next), 0); err != nil {
		return fmt.Errorf("webhook of %s: %w", instance, err)
	}
	k.known[instance] = next
	return nil
}

// open reports whether given is the instance's secret, in a time that does not
// depend on how much of it is right.
func (k *hookKeys) open(instance, given string) (bool, error) {
	want, err := k.get(instance, false)
	if err != nil {
		return false, err
	}
	equal := subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1
	return equal && want != "", nil
}

// hookURL is the address of an instance's webhook, "" without public_url: an
// aggregator could not reach it.
func (a *App) hookURL(instance string) string {
	if a.config().Gateway.PublicURL == "" || a.hooks == nil {
		return ""
	}
	path, err := a.hookPath(instance)
	if err != nil {
		a.log.Error("a webhook has no address", "name", instance, "error", err)
		return ""
	}
	return strings.TrimSuffix(a.config().Gateway.PublicURL, "/") + path
}

func (a *App) hookPath(instance string) (string, error) {
	secret, err := a.hooks.get(instance, true)
	if err != nil {
		return "", err
	}
	return "/hooks/" + url.PathEscape(instance) + "/" + secret, nil
}

// receiptPoint is the point at which a provider takes receipts, "" when it has no
// webhook.
func receiptPoint(m *manifest.Manifest) string {
	for _, e := range m.Extends {
		for _, operation := range e.Operations {
			if operation == opReceipt {
				return e.Point
			}
		}
	}
	return ""
}

// receiveHook hands a call to the provider, what the provider read to the module
// that declares the point, and answers as the provider wishes once that is stored.
func (a *App) receiveHook(ctx context.Context, call server.HookCall) (server.HookAnswer, error) {
	var none server.HookAnswer
	table := a.registry.Table()
	p := table.Provider(call.Instance)
	open, err := a.hooks.open(call.Instance, call.Secret)
	if err != nil {
		return none, err
	}
	if !open || p == nil || receiptPoint(p.Manifest) == "" {
		return none, server.ErrNoHook
	}
	point := receiptPoint(p.Manifest)
	if !p.On {
		return none, problem.NotReady(hookRetry, "the provider is switched off")
	}
	receipts, answer, err := a.readHook(ctx, p, point, call)
	if err != nil || len(receipts) == 0 {
		return answer, err
	}
	return answer, a.storeReceipts(ctx, table, point, p.Name, receipts, call.RequestID)
}

// hookRetry is when an aggregator should try again.
const hookRetry = 10 * time.Second

// readHook lets the provider read the call.
func (a *App) readHook(ctx context.Context, p *registry.Provider, point string, call server.HookCall) (receipts []abi.Value, answer server.HookAnswer, err error) {
	params, err := hookParams(call)
	if err != nil {
		return nil, answer, &problem.Problem{Status: 400, Text: "Invalid receipt!", Err: err}
	}
	result, err := p.Runner.Do(ctx, &abi.Request{
		Kind: abi.Operation, Point: point, Name: opReceipt, Params: params, Instance: p.Name, RequestID: call.RequestID,
	}, 0)
	if err != nil {
		return nil, answer, hookProblem(p.Name, err)
	}
	defer result.Release()
	body := result.Reply.Body
	for e := range body.Get("receipts").Elements() {
		if r, ok := cleanReceipt(e); ok {
			receipts = append(receipts, r)
		} else {
			a.log.Warn("a receipt names neither message_id nor reference", "name", p.Name, "request_id", call.RequestID)
		}
	}
	reply := body.Get("answer")
	if status, ok := reply.Get("status").Int(); ok && status >= 200 && status <= 599 {
		answer.Status = int(status)
	}
	answer.ContentType, answer.Body = reply.Get("content_type").String(), reply.Get("body").String()
	return receipts, answer, nil
}

// hookParams are the parameters of the provider's operation.
func hookParams(call server.HookCall) (abi.Value, error) {
	query, err := transcode.FromForm(nil, []byte(call.Query))
	if err != nil {
		return nil, err
	}
	var header abi.Object
	for name, value := range call.Header {
		header.Str(name, value)
	}
	kind, _, err := mime.ParseMediaType(call.ContentType)
	if err != nil {
		kind = ""
	}
	body := string(call.Body)
	if !utf8.ValidString(body) {
		body = strings.ToValidUTF8(body, "\uFFFD")
	}
	var o abi.Object
	o.Str("method", call.Method).Set("query", query).Set("header", header.Value()).Str("content_type", kind).Str("body", body)
	return o.Set("data", parsedBody(kind, call.Body)).Value(), nil
}

// parsedBody is the body as a value by its type, missing when it is of another
// type or not well-formed.
func parsedBody(kind string, body []byte) abi.Value {
	var v []byte
	var err error
	switch {
	case len(body) == 0:
		return nil
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		v, err = parsers{}.JSON(nil, body)
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		v, err = parsers{}.XML(nil, body)
	case kind == "application/x-www-form-urlencoded":
		v, err = parsers{}.Form(nil, body)
	}
	if err != nil {
		return nil
	}
	return v
}

// cleanReceipt takes over what a provider read, so that one odd receipt does not
// cost the others.
func cleanReceipt(v abi.Value) (abi.Value, bool) {
	const longest = 256
	text := func(name string) string {
		s := v.Get(name).String()
		if len(s) > longest {
			return ""
		}
		return s
	}
	id, reference, status := text("message_id"), text("reference"), v.Get("status").String()
	if id == "" && reference == "" {
		return nil, false
	}
	if !journal.Status(status).Valid() {
		status = string(journal.StatusUnknown)
	}
	return new(abi.Object).Str("message_id", id).Str("reference", reference).Str("status", status).
		Str("detail", v.Get("detail").String()).Str("at", v.Get("at").String()).Value(), true
}

// storeReceipts lets the module that declares the point store them.
func (a *App) storeReceipts(ctx context.Context, table *registry.Table, point, instance string, receipts []abi.Value, requestID string) error {
	m := owner(table, point)
	if m == nil || !m.On {
		return problem.NotReady(hookRetry, "no module with the point "+point+" is on")
	}
	var list abi.List
	for _, r := range receipts {
		list.Add(r)
	}
	params := new(abi.Object).Str("instance", instance).Set("receipts", list.Value()).Value()
	return ask(ctx, m, abi.Request{Kind: abi.Operation, Point: point, Name: opReceipts, Params: params, Instance: instance, RequestID: requestID})
}

// owner returns the module that declares a point, nil when there is none.
func owner(table *registry.Table, point string) *registry.Module {
	for _, m := range table.Modules {
		if m.Manifest.Point(point) != nil {
			return m
		}
	}
	return nil
}

// ask runs a task of the gateway's own in a module; only its success counts.
func ask(ctx context.Context, m *registry.Module, q abi.Request) error {
	result, err := m.Runner.Do(ctx, &q, 0)
	if err != nil {
		return hookProblem(m.ID, err)
	}
	result.Release()
	return nil
}

// hookProblem is the answer to an aggregator when a plugin fails: 400 when it says
// that this is no receipt, otherwise 503, so that aggregators try again.
func hookProblem(name string, err error) error {
	var own *abi.Error
	if errors.As(err, &own) && own.Code == abi.CodeInvalid {
		return &problem.Problem{Status: 400, Text: "Invalid receipt!", Err: err}
	}
	p := problem.NotReady(hookRetry, name+": "+err.Error())
	var notReady *wasm.NotReadyError
	if !errors.As(err, &notReady) {
		p.Err = err
	}
	return p
}

// Hook shows the webhook of a provider instance.
func (p panel) Hook(name string) (admin.Hook, error) {
	provider := p.app.registry.Table().Provider(name)
	if provider == nil {
		return admin.Hook{}, problem.NotFound("No such provider!")
	}
	path, err := p.app.hookPath(name)
	if err != nil {
		return admin.Hook{}, err
	}
	return admin.Hook{Path: p.app.config().Gateway.BasePath + path, URL: p.app.hookURL(name), Receipts: receiptPoint(provider.Manifest) != ""}, nil
}

// RotateHook gives the webhook of an instance a new secret.
func (p panel) RotateHook(name string) error {
	if p.app.registry.Table().Provider(name) == nil {
		return problem.NotFound("No such provider!")
	}
	return p.app.hooks.rotate(name)
}
