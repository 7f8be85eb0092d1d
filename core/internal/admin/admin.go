// Package admin is the administration JSON API below /admin/api/v1, which the
// panel, scripts and the control socket share.
//
// One table says which routes there are and which role each needs. A handler
// decodes its request strictly, asks the interfaces that this package declares
// to do the work, and leaves an audit record behind for every change.
package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// Prefix is where the API is mounted.
const Prefix = "/admin/api/v1"

// Users are the users, their passwords and tokens; see [auth.Authority].
type Users interface {
	Sessions
	SecondFactors
	Directory
	Tokens
}

// Sessions tell who calls.
type Sessions interface {
	Authenticate(token string, ip netip.Addr) (*auth.Principal, error)
	ChangePassword(ctx context.Context, login, oldPassword, newPassword string, ip netip.Addr) error
	Peek(token string) *auth.Principal
}

// Directory keeps the users.
type Directory interface {
	User(login string) (auth.User, error)
	Users() []auth.User
	Create(ctx context.Context, u auth.User, password string) (auth.User, error)
	Update(ctx context.Context, login string, version uint64, change func(*auth.User) error) (auth.User, error)
	SetPassword(ctx context.Context, login, password string, mustChange bool) error
}

// Tokens keep the users' tokens.
type Tokens interface {
	Tokens(login string) ([]auth.Token, error)
	Issue(ctx context.Context, login string, o auth.TokenOptions) (auth.Issued, error)
	Revoke(ctx context.Context, login, tokenID string) error
	RevokeAll(ctx context.Context, login, except string) (int, error)
}

// Journal answers queries and takes audit records; see [journal.Journal].
type Journal interface {
	Requests(ctx context.Context, q journal.Query) (journal.Page[journal.Request], error)
	SMS(ctx context.Context, q journal.Query) (journal.Page[journal.SMS], error)
	Calls(ctx context.Context, q journal.Query) (journal.Page[journal.Call], error)
	Audits(ctx context.Context, q journal.Query) (journal.Page[journal.Audit], error)
	AppendAudit(ctx context.Context, a journal.Audit) (uint64, error)
}

var (
	_ Users   = (*auth.Authority)(nil)
	_ Journal = (*journal.Journal)(nil)
)

// Options configure the API. All fields are needed but Gateway.
type Options struct {
	Users   Users
	Journal Journal
	// Gateway is nil for tools that work on the data of a stopped gateway: then
	// only the users' routes are there.
	Gateway Gateway
	// Zone is the time zone of dates in queries.
	Zone *time.Location
	// Closing is closed when the gateway begins to stop: streams end then.
	Closing <-chan struct{}
	// Exports are the files of journal queries; like Gateway nil for tools.
	Exports *Exports
	// Erase forgets a telephone number; with dry it only counts.
	Erase func(ctx context.Context, phone string, dry bool) (Erasure, error)
	// Local is served on the control socket only.
	Local Local
	Log   hclog.Logger
}

// API serves the administration API. It is safe for concurrent use.
type API struct {
	opt     Options
	streams streams
	sends   window
	reveals window
	// document is the OpenAPI document.
	document func() ([]byte, error)
}

// New returns an API; nothing is mounted yet.
func New(o Options) *API { return &API{opt: o, document: sync.OnceValues(OpenAPI)} }

// Mount adds the routes to r, for callers with a bearer token. The handlers take
// the address of the connection for the caller's, and the answer's X-Request-Id
// for the id of the request.
func (a *API) Mount(r fiber.Router) { a.mount(r, nil) }

// mount serves local, when it is given, instead of whom the token names.
func (a *API) mount(r fiber.Router, local *auth.Principal) {
	for _, route := range routes() {
		if route.gateway && a.opt.Gateway == nil {
			continue
		}
		r.Add(route.method, route.path, a.handler(route, local))
	}
	r.Use(func(c *fiber.Ctx) error { return a.answer(c, problem.NotFound("Not found!")) })
}

// requestTimeout bounds one request. Bringing a plugin to life may mean to
// compile it, which takes seconds.
const requestTimeout = time.Minute

// call is one request on its way through a handler.
type call struct {
	ctx       context.Context
	fiber     *fiber.Ctx
	who       *auth.Principal // nil on the routes that are open to everybody
	ip        netip.Addr      // not valid on the control socket
	requestID string
	local     bool
	status    int // of the answer; 0: 200, or 204 without a result
}

func (a *API) handler(r route, local *auth.Principal) fiber.Handler {
	return func(f *fiber.Ctx) error {
		ctx, stop := context.WithTimeout(withNote(context.Background()), requestTimeout)
		defer stop()
		c := &call{ctx: ctx, fiber: f, who: local, local: local != nil, requestID: f.GetRespHeader(fiber.HeaderXRequestID)}
		if !c.local {
			ip, _ := netip.AddrFromSlice(f.Context().RemoteIP())
			c.ip = ip.Unmap()
		}
		f.Set(fiber.HeaderCacheControl, "no-store")
		if err := a.permit(r, c); err != nil {
			return a.answer(f, err)
		}
		result, err := r.serve(a, c)
		if err != nil {
			return a.answer(f, refusal(err))
		}
		if live, ok := result.(*stream); ok {
			return a.sendStream(f, r, c, live)
		}
		if file, ok := result.(download); ok {
			return file(f)
		}
		if result == nil {
			return f.SendStatus(fiber.StatusNoContent)
		}
		return a.send(f, max(c.status, fiber.StatusOK), result)
	}
}

// permit finds out who calls and whether the route is open to them.
func (a *API) permit(r route, c *call) error {
	if r.least == everybody || c.local {
		return nil
	}
	who, err := a.opt.Users.Authenticate(bearer(c.fiber), c.ip)
	if err != nil {
		return problem.Unauthorized()
	}
	c.who = who
	switch {
	case who.Derived:
		p := forbidden("the token was issued from another one")
		p.Text = "This token is for the API of integrators, not for the panel!"
		return p
	case !covers(who.Role, r.least):
		return forbidden("the role does not reach")
	case who.MustChange && !r.own:
		p := forbidden("the password must be changed")
		p.Text = "Change the password first!"
		return p
	}
	return nil
}

func bearer(f *fiber.Ctx) string {
	scheme, token, _ := strings.Cut(f.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (a *API) send(f *fiber.Ctx, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return a.answer(f, problem.Internal(fmt.Errorf("write the answer: %w", err)))
	}
	f.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	f.Status(status)
	f.Response().SetBodyRaw(body)
	return nil
}

// answer sends a [*problem.Problem] or a [*Rejection].
func (a *API) answer(f *fiber.Ctx, err error) error {
	p := problem.From(err)
	body := any(p)
	if r, ok := err.(*Rejection); ok {
		p, body = r.Problem, r
	}
	if p.ID != "" {
		a.opt.Log.Error("request failed", "error_id", p.ID, "request_id", f.GetRespHeader(fiber.HeaderXRequestID), "error", p.Error())
	}
	if after := p.RetryAfterSeconds(); after > 0 {
		f.Set(fiber.HeaderRetryAfter, strconv.FormatInt(after, 10))
	}
	if p.Status == fiber.StatusUnauthorized {
		f.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="patchbay"`)
	}
	return a.send(f, p.Status, body)
}

// decode reads the body; see [decode]. It is taken as it was sent: decompressing
// is no use for bodies this small and would undo the limit.
func (c *call) decode(f fields, required ...string) error {
	return decode(c.fiber.Get(fiber.HeaderContentType), c.fiber.Request().Body(), f, required...)
}

// param returns a copy of a part of the path, decoded; "" when it is not
// well-formed, which no object is named.
func (c *call) param(name string) string {
	text, err := url.PathUnescape(c.fiber.Params(name))
	if err != nil {
		return ""
	}
	return strings.Clone(text)
}

// version reads If-Match: [registry.AnyVersion] when it is left out or "*".
func (c *call) version() (uint64, error) {
	text := c.fiber.Get(fiber.HeaderIfMatch)
	if text == "" || text == "*" {
		return registry.AnyVersion, nil
	}
	text = strings.Trim(strings.TrimPrefix(text, "W/"), `"`)
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, problem.Stale().WithReason("If-Match is no version")
	}
	return n, nil
}

// neededVersion is version for changes that overwrite what was shown.
func (c *call) neededVersion() (uint64, error) {
	if c.fiber.Get(fiber.HeaderIfMatch) == "" {
		return 0, &problem.Problem{Status: fiber.StatusPreconditionRequired, Text: "If-Match with the ETag is needed!"}
	}
	return c.version()
}

func (c *call) etag(version uint64) {
	c.fiber.Set(fiber.HeaderETag, `"`+strconv.FormatUint(version, 10)+`"`)
}

// auditTimeout bounds the writing of a record of what has happened already,
// whether or not the caller still waits.
const auditTimeout = 10 * time.Second

// maxAudit bounds each side of an audit record, in bytes of JSON.
const maxAudit = 64 << 10

// audit records a change that was made.
func (a *API) audit(c *call, action, object string, before, after any) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), auditTimeout)
	defer stop()
	record := journal.Audit{Action: action, Object: object, Before: auditText(before), After: auditText(after), RequestID: c.requestID}
	if c.who != nil {
		record.User = c.who.Login
	}
	if c.ip.IsValid() {
		record.IP = c.ip.String()
	}
	id, err := a.opt.Journal.AppendAudit(ctx, record)
	if err != nil {
		return fmt.Errorf("%s of %s is done but not recorded: %w", action, object, err)
	}
	return a.keepUndo(ctx, id)
}

func auditText(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return strconv.Quote("cannot be written: " + err.Error())
	}
	if len(text) > maxAudit {
		return `{"too_long":` + strconv.Itoa(len(text)) + `}`
	}
	return string(text)
}
