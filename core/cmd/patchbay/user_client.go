package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// userClient speaks the administration API, to a running gateway or to the data
// of a stopped one.
type userClient struct {
	ctx     context.Context // of the one command that this client is made for
	http    *http.Client
	offline *app.Offline // nil: the gateway runs
}

// openUsers finds out whether the gateway runs. create allows to begin a data
// folder that is not there yet.
func openUsers(ctx context.Context, env *environment, o *userFlags, create bool) (*userClient, error) {
	cfg, err := env.load(o.config, config.Override{Data: o.data})
	if err != nil {
		return nil, err
	}
	socket := app.ControlSocket(cfg.Gateway.Data)
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	switch {
	case err == nil:
		_ = conn.Close() // only to see whether somebody answers
		return newUserClient(ctx, func() (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) }, nil), nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the gateway's control socket %s is not for this user; run the command as the user that the gateway runs as", socket)
	}
	// Nobody listens: no such file, a stopped gateway's socket, or a path that no
	// socket can have.
	if _, err := os.Stat(cfg.Gateway.Data); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, fmt.Errorf("there is no data folder %s; name it with --data or --config", cfg.Gateway.Data)
	}
	log, err := logging.New(logging.Options{Level: "error", Format: "text", Output: env.stderr})
	if err != nil {
		return nil, err
	}
	offline, err := app.OpenOffline(ctx, cfg, log)
	switch {
	case errors.Is(err, store.ErrLocked):
		return nil, fmt.Errorf("a gateway uses %s but does not answer on %s (its log says why); stop it, or use the administration API: %w", cfg.Gateway.Data, socket, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w; run the command as the user that the gateway runs as", err)
	case err != nil:
		return nil, err
	}
	if password := offline.FirstPassword(); password != "" {
		_, _ = fmt.Fprintf(env.stderr, "New data folder %s: user admin with password %s (shown once; change it)\n", cfg.Gateway.Data, password)
	}
	return newUserClient(ctx, offline.Dial, offline), nil
}

func newUserClient(ctx context.Context, dial func() (net.Conn, error), offline *app.Offline) *userClient {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() }}
	return &userClient{ctx: ctx, http: &http.Client{Transport: transport}, offline: offline}
}

func (c *userClient) close(ctx context.Context) error {
	c.http.CloseIdleConnections()
	if c.offline == nil {
		return nil
	}
	return c.offline.Close(ctx)
}

// apiError is a refusal of the administration API.
type apiError struct {
	status     int
	text       string
	violations []admin.Violation
}

func (e *apiError) Error() string {
	parts := []string{strings.TrimSuffix(e.text, "!")}
	for _, v := range e.violations {
		part := strings.TrimPrefix(strings.TrimPrefix(v.Pointer, "/")+" "+v.Message, " ")
		if v.At != "" {
			part += " (" + v.At + ")"
		}
		if v.Place != "" {
			part = v.Place + ": " + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.status
	}
	return 0
}

// maxAnswer bounds what the command reads.
const maxAnswer = 64 << 20

// do sends a request, body as JSON unless it is nil, and decodes the answer into
// out unless that is nil. It returns the answer's text. A command overrides what
// somebody else may have changed meanwhile.
func (c *userClient) do(method, path string, body, out any) ([]byte, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("request: %w", err)
		}
		reader = bytes.NewReader(text)
	}
	text, err := c.send(method, path, "application/json", reader)
	if err != nil {
		return nil, err
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			return nil, fmt.Errorf("answer of the gateway: %w", err)
		}
	}
	return text, nil
}

// send sends a request and returns the text of its answer; a refusal is an
// [*apiError].
func (c *userClient) send(method, path, contentType string, body io.Reader) ([]byte, error) {
	q, err := http.NewRequestWithContext(c.ctx, method, "http://local"+admin.Prefix+path, body)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	q.Header.Set("Content-Type", contentType)
	q.Header.Set("If-Match", "*")
	r, err := c.http.Do(q)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer func() { _ = r.Body.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if r.StatusCode >= 400 {
		var fault struct {
			Error      string            `json:"error"`
			ID         string            `json:"id"`
			Violations []admin.Violation `json:"violations"`
		}
		if err := json.Unmarshal(text, &fault); err != nil || fault.Error == "" {
			return nil, &apiError{status: r.StatusCode, text: fmt.Sprintf("the gateway answered with status %d", r.StatusCode)}
		}
		if fault.ID != "" {
			fault.Error += " (the log has it as " + fault.ID + ")"
		}
		return nil, &apiError{r.StatusCode, fault.Error, fault.Violations}
	}
	return text, nil
}
