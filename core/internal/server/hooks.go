package server

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// HookCall is what came to the webhook of a provider instance. Everything is the
// receiver's.
type HookCall struct {
	Instance, Secret string
	RequestID        string
	Method           string
	Query            string            // raw
	Header           map[string]string // names in lower case
	ContentType      string
	Body             []byte
}

// HookAnswer is what the caller gets; a Status of 0 is 200.
type HookAnswer struct {
	Status      int
	ContentType string
	Body        string
}

// ErrNoHook means that there is no such instance, that it has no webhook, or that
// the secret is wrong; callers cannot tell which.
var ErrNoHook = errors.New("no such webhook")

// HookReceiver takes a call; it returns when what the call told is safe. Errors
// are [ErrNoHook] and what [problem.From] takes.
type HookReceiver func(ctx context.Context, call HookCall) (HookAnswer, error)

const (
	// hookBody bounds a call's body in bytes; receipts are small.
	hookBody = 64 << 10
	// hookTimeout bounds one call.
	hookTimeout = 30 * time.Second
)

// hook serves /hooks/<instance>/<secret>. Aggregators have no token: the secret in
// the path is theirs. It is written nowhere, and neither is what they send.
func (s *Server) hook(c *fiber.Ctx) error {
	if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodPost {
		return s.nothing(c)
	}
	if refusal := s.strange(c, "hook", deliveryRate); refusal != nil {
		return s.answer(c, refusal)
	}
	if len(c.Request().Body()) > hookBody {
		return s.answer(c, problem.TooLarge())
	}
	if refusal := encoded(c); refusal != nil {
		return s.answer(c, refusal)
	}
	call := newHookCall(c)
	ctx, stop := context.WithTimeout(context.Background(), hookTimeout)
	defer stop()
	answer, err := s.opt.Hook(ctx, call)
	if errors.Is(err, ErrNoHook) {
		s.opt.Metrics.hook("", fiber.StatusNotFound)
		return s.nothing(c)
	}
	if err != nil {
		p := problem.From(err)
		s.opt.Metrics.hook(call.Instance, p.Status)
		return s.answer(c, p)
	}
	if answer.Status == 0 {
		answer.Status = fiber.StatusOK
	}
	s.opt.Metrics.hook(call.Instance, answer.Status)
	foreign(c, cmp.Or(answer.ContentType, fiber.MIMETextPlainCharsetUTF8))
	return c.Status(answer.Status).SendString(answer.Body)
}

// newHookCall copies what Fiber lends.
func newHookCall(c *fiber.Ctx) HookCall {
	call := HookCall{
		Instance: strings.Clone(c.Params("instance")), Secret: strings.Clone(c.Params("secret")), RequestID: requestID(c),
		Method: strings.Clone(c.Method()), Query: string(c.Context().URI().QueryString()), Header: map[string]string{},
		ContentType: strings.Clone(c.Get(fiber.HeaderContentType)), Body: append([]byte(nil), c.Request().Body()...),
	}
	c.Request().Header.VisitAll(func(key, value []byte) {
		name := strings.ToLower(string(key))
		if _, twice := call.Header[name]; !twice && name != "cookie" {
			call.Header[name] = strings.ToValidUTF8(string(value), "\uFFFD")
		}
	})
	return call
}

// hooksTotal counts calls of webhooks.
func hooksTotal() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "patchbay_hooks_total", Help: "Calls of webhooks by provider instance and status; those without a valid secret have no instance.",
	}, []string{"instance", "status"})
}

func (m *Metrics) hook(instance string, status int) {
	m.hooks.WithLabelValues(instance, strconv.Itoa(status)).Inc()
}
