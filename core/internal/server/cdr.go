package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// CDRPost is what mod_xml_cdr or mod_json_cdr sent.
type CDRPost struct {
	Node           string
	IP             netip.Addr
	Token          string // ?token=
	User, Password string // basic authentication
	ContentType    string
	Body           []byte // valid during the call
}

// Errors of a [CDRReceiver].
var (
	// ErrCDRDenied: the node is unknown, or did not prove who it is.
	ErrCDRDenied = errors.New("cdr: denied")
	// ErrCDREmpty: there is no record in the body.
	ErrCDREmpty = errors.New("cdr: no record in the body")
)

// CDRReceiver stores a record; it returns when the record is safe, because
// FreeSWITCH deletes its own on a 2xx.
type CDRReceiver func(ctx context.Context, p CDRPost) error

// cdrTimeout bounds the storing of one record: FreeSWITCH posts from the thread
// of the call, so a slow receiver delays its teardown.
const cdrTimeout = 10 * time.Second

func (s *Server) cdr(c *fiber.Ctx) error {
	if refusal := s.strange(c, "cdr", deliveryRate); refusal != nil {
		return s.answer(c, refusal)
	}
	p := CDRPost{
		Node: strings.Clone(c.Params("node")), IP: s.clientIP(c), Token: token(c),
		ContentType: c.Get(fiber.HeaderContentType), Body: c.Request().Body(),
	}
	p.User, p.Password = basic(c.Get(fiber.HeaderAuthorization))
	ctx, stop := context.WithTimeout(context.Background(), cdrTimeout)
	defer stop()
	err := s.opt.CDR(ctx, p)
	switch {
	case err == nil:
		return c.SendStatus(fiber.StatusOK)
	case errors.Is(err, ErrCDRDenied):
		return s.answer(c, problem.Unauthorized())
	case errors.Is(err, ErrCDREmpty):
		return s.answer(c, &problem.Problem{Status: fiber.StatusBadRequest, Text: "No call detail record in the body!", Err: err})
	}
	return s.answer(c, problem.Internal(err))
}

// token reads ?token=. mod_json_cdr appends "?uuid=…" even to an address that has
// a query already, so its token ends at the second question mark.
func token(c *fiber.Ctx) string {
	token, _, _ := strings.Cut(c.Query("token"), "?uuid=")
	return strings.Clone(token)
}

// basic takes an Authorization header apart (RFC 7617); the results are copies.
func basic(h string) (user, password string) {
	const scheme = "Basic "
	if len(h) <= len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return "", ""
	}
	raw, err := base64.StdEncoding.DecodeString(h[len(scheme):])
	if err != nil {
		return "", ""
	}
	user, password, _ = strings.Cut(string(raw), ":")
	return user, password
}
