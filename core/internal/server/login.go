package server

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// loginTimeout bounds a login, waiting for its turn at the password check
// included.
const loginTimeout = 20 * time.Second

// login serves POST /auth/login: {"login","password"} → {"access_token"}.
func (s *Server) login(c *fiber.Ctx) error {
	began := time.Now()
	ip := s.clientIP(c)
	ctx, stop := context.WithTimeout(context.Background(), loginTimeout)
	defer stop()

	name, token := "", ""
	credentials, refusal := readCredentials(c)
	if refusal == nil {
		name = clip(credentials.Get("login").String())
		token, refusal = s.authenticate(ctx, c, credentials)
	}
	// Checks of passwords are bounded, and each is recorded; of what is refused without
	// one, which is never with 401, so many are.
	if refusal != nil && refusal.Status != fiber.StatusUnauthorized && s.tooManyStrangers(c) {
		return s.answer(c, refusal)
	}
	status, text, reason, errorID := fiber.StatusOK, "", "", ""
	if refusal != nil {
		status, text, reason, errorID = refusal.Status, refusal.Text, refusal.Reason, refusal.ID
	}
	// The journal gets the name that was tried, never the password.
	// It has a time of its own: a login that used up all of its time is recorded.
	recording, done := context.WithTimeout(context.Background(), recordTimeout)
	defer done()
	_, err := s.opt.Recorder.AppendRequest(recording, journal.Request{
		Time: began, Module: "auth", Action: "login", Status: status, Error: text, User: name, IP: ip.String(),
		Duration: time.Since(began), RequestID: requestID(c), Reason: reason, ErrorID: errorID,
	})
	if err != nil {
		return s.answer(c, problem.Internal(err))
	}
	if refusal != nil {
		return s.answer(c, refusal)
	}
	c.Set(fiber.HeaderContentType, typeJSON)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(`{"access_token":"` + token + `"}`)
}

// readCredentials returns an object in which login and password are texts. As
// for every action, an empty body is an object without parameters.
func readCredentials(c *fiber.Ctx) (abi.Value, *problem.Problem) {
	if refusal := encoded(c); refusal != nil {
		return nil, refusal
	}
	body := bytes.TrimSpace(bytes.TrimPrefix(c.Request().Body(), []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		body = []byte("{}")
	}
	raw, err := transcode.FromJSON(nil, body, transcode.Options{})
	credentials := abi.Value(raw)
	if err != nil || credentials.Kind() != abi.Map {
		return nil, problem.InvalidJSON(err)
	}
	for _, name := range []string{"login", "password"} {
		switch v := credentials.Get(name); {
		case !v.Exists(), v.Kind() == abi.String && v.Len() == 0:
			return nil, problem.Empty(name)
		case v.Kind() != abi.String:
			return nil, problem.Invalid(name, nil)
		}
	}
	return credentials, nil
}

func (s *Server) authenticate(ctx context.Context, c *fiber.Ctx, credentials abi.Value) (string, *problem.Problem) {
	issued, err := s.opt.Identity.Login(ctx, credentials.Get("login").String(), credentials.Get("password").String(), s.clientIP(c))
	var tooMany *auth.TooManyError
	switch {
	case err == nil:
		return issued.Token, nil
	case errors.Is(err, auth.ErrWrongLogin):
		return "", problem.WrongLogin()
	case errors.As(err, &tooMany):
		return "", problem.TooMany(tooMany.RetryAfter)
	case errors.Is(err, context.DeadlineExceeded):
		return "", problem.TooMany(time.Second)
	}
	return "", problem.Internal(err)
}
