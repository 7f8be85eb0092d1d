package server

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// visit is one request of an integrator on its way through the gateway. Each
// stage fills its part and hands the visit on; nothing asks an earlier stage
// again. It is pooled rather than on the stack: that of a request that waits for
// an upstream stays as large as its calls down to there need.
type visit struct {
	began     time.Time
	requestID string
	ip        netip.Addr
	// Of the path until the route is known: Fiber's, which end with the handler.
	module, action string

	user    *auth.Principal
	route   *registry.Route
	params  params.Result
	room    []byte // holds params
	request abi.Request

	checked, ran time.Duration // see [Observed]

	// unrecorded requests are some of very many by somebody who is not known.
	unrecorded bool
}

var visits = sync.Pool{New: func() any { return new(visit) }}

func (s *Server) visit(c *fiber.Ctx) *visit {
	v := visits.Get().(*visit)
	v.began, v.requestID, v.ip = time.Now(), requestID(c), s.clientIP(c)
	return v
}

// free ends the visit; nobody keeps anything of it but strings.
func (v *visit) free() {
	room := v.room
	if cap(v.params.Buffer) > cap(room) && cap(v.params.Buffer) <= keepVisit {
		room = v.params.Buffer
	}
	*v = visit{room: room[:0]}
	visits.Put(v)
}

// keepVisit bounds the room for parameters that stays with pooled visits.
const keepVisit = 16 << 10

// dispatch serves /<module>/<action>: who calls, what is on, what was sent, may
// it run now, run it, record it, answer.
func (s *Server) dispatch(c *fiber.Ctx) error {
	v := s.visit(c)
	defer v.free()
	v.module, v.action = c.Params("module"), c.Params("action")
	refusal := s.respond(c, v)
	return s.conclude(c, v, refusal)
}

// conclude records the request and lets its answer leave: the refusal, or what is in
// the response without one.
func (s *Server) conclude(c *fiber.Ctx, v *visit, refusal *problem.Problem) error {
	status := c.Response().StatusCode()
	if refusal != nil {
		// Also when a reply was begun: nothing has left yet.
		retract(c)
		status = refusal.Status
	}
	if !v.unrecorded {
		if err := s.record(v, status, refusal); err != nil {
			// An answer leaves only after its record is written.
			retract(c)
			c.Response().Header.Del(fiber.HeaderContentRange)
			return s.answer(c, problem.Internal(err))
		}
	}
	took := time.Since(v.began)
	s.opt.Metrics.request(v, status, took)
	s.observe(v, status, refusal, took)
	if refusal != nil {
		return s.answer(c, refusal)
	}
	return nil
}

// respond serves the request and writes the reply into the response, which
// leaves when the handler returns, so the record can tell what really left. A
// panic on the way is a refusal like any other: it gets its record too.
func (s *Server) respond(c *fiber.Ctx, v *visit) (refusal *problem.Problem) {
	defer func() {
		if fault := recover(); fault != nil {
			refusal = s.panicked(c, fault)
		}
	}()
	result, refusal := s.serve(c, v)
	if refusal != nil {
		return refusal
	}
	return s.send(c, result)
}

// tooLarge answers a body over the limit. fasthttp refuses it before any handler
// runs, so the record is written here; who called was not looked at.
func (s *Server) tooLarge(c *fiber.Ctx) error {
	refusal := problem.TooLarge()
	path := strings.TrimPrefix(c.Path(), s.opt.BasePath)
	module, action, ok := strings.Cut(strings.Trim(path, "/"), "/")
	if ok && !strings.Contains(action, "/") {
		v := s.visit(c)
		defer v.free()
		v.module, v.action = module, action
		if !s.tooManyStrangers(c) {
			if err := s.record(v, refusal.Status, refusal); err != nil {
				return s.answer(c, problem.Internal(err))
			}
		}
		s.opt.Metrics.request(v, refusal.Status, time.Since(v.began))
	}
	return s.answer(c, refusal)
}

// serve runs the stages before the journal. Exactly one of its results is given.
func (s *Server) serve(c *fiber.Ctx, v *visit) (*wasm.Result, *problem.Problem) {
	user, err := s.opt.Identity.Authenticate(bearer(c), v.ip)
	if err != nil {
		v.unrecorded = s.tooManyStrangers(c)
		return nil, problem.Unauthorized().WithReason("no valid token")
	}
	v.user = user
	if v.route = s.opt.Tables.Table().Route(v.module + "/" + v.action); v.route != nil {
		v.module, v.action = v.route.Module, v.route.Name
	}
	if refusal := v.permit(); refusal != nil {
		return nil, refusal
	}
	if !v.route.Action.Allows(c.Method()) && !(c.Method() == fiber.MethodHead && v.route.Action.Allows(fiber.MethodGet)) {
		c.Set(fiber.HeaderAllow, allowed(v.route))
		return nil, problem.Denied("method " + c.Method() + " is not allowed")
	}
	if refusal := s.limit(v); refusal != nil {
		return nil, refusal
	}
	if refusal := v.check(c); refusal != nil {
		return nil, refusal
	}
	if err := s.room(); err != nil { // before anything is done that could not be recorded
		return nil, problem.Internal(err)
	}
	if key := c.Get(headerIdempotencyKey); key != "" && !v.route.Action.Safe {
		return s.opt.Idempotency.once(v, key, func() (*wasm.Result, *problem.Problem, bool) { return s.run(v) })
	}
	result, refusal, _ := s.run(v)
	return result, refusal
}

// room refuses while the request could not be recorded.
func (s *Server) room() error {
	if s.opt.Room == nil {
		return nil
	}
	return s.opt.Room()
}

// permit decides right and flag. A missing right, an unknown action and one that
// is switched off look the same to the caller.
func (v *visit) permit() *problem.Problem {
	switch {
	case v.route == nil:
		return problem.Denied("no such action")
	case !v.user.Rights.Allows(v.module, v.action):
		return problem.Denied("no right")
	case v.route.Off != "":
		return problem.Denied(v.route.Off)
	}
	return nil
}

func allowed(r *registry.Route) string {
	list := ""
	for i, m := range r.Action.Methods {
		if i > 0 {
			list += ", "
		}
		list += m
	}
	return list
}

// limit takes the request off the user's bucket and off the action's.
func (s *Server) limit(v *visit) *problem.Problem {
	all := v.user.Limits.All
	if all.PerSecond == 0 {
		all = s.live.Load().UserRate
	}
	if ok, after := s.opt.Limiter.Allow(auth.LimitKey{Login: v.user.Login}, all); !ok {
		return problem.TooMany(after).WithReason("limit of the user")
	}
	// The route's own key is a constant string of the table: no allocation.
	rate, own := v.user.Limits.Actions[v.route.Key]
	if !own {
		rate = v.route.Rate
	}
	if ok, after := s.opt.Limiter.Allow(auth.LimitKey{Login: v.user.Login, Action: v.route.Key}, rate); !ok {
		return problem.TooMany(after).WithReason("limit of the action")
	}
	return nil
}

// check parses and validates the parameters, once.
func (v *visit) check(c *fiber.Ctx) (refusal *problem.Problem) {
	if c.Method() == fiber.MethodPost {
		if refusal := encoded(c); refusal != nil {
			return refusal
		}
		v.params, refusal = v.route.Checker.Body(v.room, c.Request().Body(), c.Get(fiber.HeaderContentType))
	} else {
		v.params, refusal = v.route.Checker.Query(v.room, string(c.Context().URI().QueryString()))
	}
	return refusal
}

// encoded refuses a compressed body: Fiber's own c.Body would unpack it without a
// limit, and requests are small.
func encoded(c *fiber.Ctx) *problem.Problem {
	if e := c.Get(fiber.HeaderContentEncoding); e != "" && e != "identity" {
		return problem.UnsupportedType()
	}
	return nil
}

// run hands the request to the plugin. sent reports that something outside may
// have happened although there is no result.
func (s *Server) run(v *visit) (result *wasm.Result, refusal *problem.Problem, sent bool) {
	timeout := s.live.Load().RequestTimeout
	if v.route.Timeout > 0 {
		timeout = v.route.Timeout
	}
	parent, ticket, refusal := s.guard(context.Background(), v)
	if refusal != nil {
		return nil, refusal, false
	}
	ctx := lifetime.New(parent, v.began.Add(timeout))
	defer ctx.End()
	v.request = abi.Request{
		Kind: abi.Action, Name: v.route.Action.Name, Params: v.params.Params, Derived: v.params.Derived,
		Instance: v.route.Instance, RequestID: v.requestID, User: v.user.Login,
	}
	unclear := true // until the plugin is done, a panic included
	defer func() { ticket.Close(unclear || result != nil || sent) }()
	v.checked = time.Since(v.began)
	result, err := v.route.Runner.Do(ctx, &v.request, 0)
	unclear = false
	v.ran = time.Since(v.began) - v.checked
	if err != nil {
		refusal, sent = failed(v, err)
		return nil, refusal, sent
	}
	return result, nil, false
}

// failed turns what came out of a plugin into the caller's answer. Texts of a
// plugin are names and sentences; its details go to the log only.
func failed(v *visit, err error) (*problem.Problem, bool) {
	var own *abi.Error
	if errors.As(err, &own) {
		return fromPlugin(v, own), own.Sent
	}
	var dead *wasm.DeadError
	if errors.As(err, &dead) {
		return problem.Unavailable(v.module, err), dead.Sent
	}
	var notReady *wasm.NotReadyError
	if errors.As(err, &notReady) {
		return problem.NotReady(notReady.After, notReady.Reason), false
	}
	if errors.Is(err, wasm.ErrClosed) {
		// A change took the instance away after the route was found; nothing was begun.
		return problem.NotReady(time.Second, "the plugin instance was replaced"), false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.Timeout(v.module, err), false
	}
	return problem.Unavailable(v.module, err), true
}

func fromPlugin(v *visit, e *abi.Error) *problem.Problem {
	text := plain(e.Message)
	system := text
	if system == "" {
		system = v.module
	}
	after := time.Duration(max(e.RetryMS, 0)) * time.Millisecond
	var p *problem.Problem
	switch e.Code {
	case abi.CodeEmpty:
		p = problem.Empty(text)
	case abi.CodeInvalid:
		p = problem.Invalid(text, e)
	case abi.CodeNotFound:
		p = problem.NotFound(orText(text, "Not found!"))
	case abi.CodeConflict:
		p = problem.Conflict(orText(text, "Conflict!"))
	case abi.CodeTooLarge:
		p = problem.TooLarge()
	case abi.CodeBusy:
		p = problem.TooMany(max(after, time.Second))
	case abi.CodeRefused:
		p = problem.Refused(orText(text, v.module+" refused!"), e)
	case abi.CodeTimeout:
		p = problem.Timeout(system, e)
	default:
		p = problem.Unavailable(system, e)
	}
	if after > 0 {
		p.RetryAfter = after
	}
	if e.Status >= 400 && e.Status <= 599 {
		p.Status = e.Status
	}
	return p
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// maxText bounds a text that a plugin gives for the caller.
const maxText = 200

// plain makes a plugin's text fit for an answer: one line of bounded length.
func plain(s string) string {
	out := make([]rune, 0, min(len(s), maxText))
	for _, r := range s {
		if len(out) == maxText {
			break
		}
		if r >= ' ' && r != 0x7f {
			out = append(out, r)
		}
	}
	return string(out)
}

// record writes the journal record of the request and waits until it is safe.
func (s *Server) record(v *visit, status int, refusal *problem.Problem) error {
	r := journal.Request{
		Time: v.began, Module: v.module, Action: v.action, Status: status, IP: v.ip.String(),
		Duration: time.Since(v.began), RequestID: v.requestID, Ignored: v.params.Unknown,
	}
	if v.route == nil {
		r.Module, r.Action = clip(v.module), clip(v.action)
	}
	if v.user != nil {
		r.User = v.user.Login
	}
	if refusal != nil {
		r.Error, r.ErrorID, r.Reason = refusal.Text, refusal.ID, refusal.Reason
	}
	if v.route != nil && v.params.Params != nil {
		r.Body = s.live.Load().Body.text(v.route, v.params.Params)
	}
	_, err := s.opt.Recorder.AppendRequest(s.patience.context(), r)
	return err
}

// clip copies a path segment that came from outside and bounds it: the journal
// takes names of modules and actions, which are short.
func clip(s string) string {
	const limit = 64
	if len(s) > limit {
		s = s[:limit]
	}
	return plain(s)
}

func discard(r *wasm.Result) {
	if r.Attachment != nil {
		_ = r.Attachment.Close() // nobody reads it
	}
	r.Release()
}
