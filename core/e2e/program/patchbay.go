package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Gateway says how to run `patchbay serve`.
type Gateway struct {
	Binary string
	Config string // path of gateway.hcl
	Data   string // folder; it is made when missing
	Listen string // address
	Cache  string // folder with the machine code of plugins, shared by all that use it
	Env    []string
}

// Start runs the gateway on the data that is there, until ctx ends. It does not wait.
func (g Gateway) Start(ctx context.Context) (*Program, error) {
	if err := os.MkdirAll(g.Data, 0o700); err != nil {
		return nil, err
	}
	if err := os.Symlink(g.Cache, filepath.Join(g.Data, "cache")); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return Start(ctx, "gateway", g.Binary, g.Env, "serve", "--config", g.Config, "--data", g.Data, "--listen", g.Listen)
}

// Address waits until a gateway listens and returns where.
func Address(ctx context.Context, gateway *Program) (string, error) {
	return gateway.After(ctx, "patchbay listens on ")
}

// Ready waits until everything that is switched on in a gateway can serve.
func Ready(ctx context.Context, gateway *Program) error {
	address, err := Address(ctx, gateway)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for last := ""; ; {
		ready, says := ask(ctx, client, "http://"+address+"/readyz")
		if ready {
			return nil
		}
		if says != "" {
			last = says
		}
		if gateway.Ended() {
			return fmt.Errorf("the gateway ended: %v: %s", gateway.Err(), gateway.Tail())
		}
		if !Pause(ctx, 10*time.Millisecond) {
			return fmt.Errorf("the gateway is not ready: %w: %s / %s", ctx.Err(), last, gateway.Tail())
		}
	}
}

// ask returns whether the answer is 200, and its text.
func ask(ctx context.Context, client *http.Client, url string) (bool, string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err.Error()
	}
	response, err := client.Do(r)
	if err != nil {
		return false, "" // it may not listen yet, or not any more
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	return err == nil && response.StatusCode == http.StatusOK, strings.TrimSpace(string(text))
}

// Sandbox is the stand-in world at fixed addresses, so that one that was killed comes
// back where it was.
type Sandbox struct {
	Binary     string
	ESL, HTTP  string // addresses
	Recordings string // folder
	Args       []string
}

// starting is how long a sandbox may take until it can be used.
const starting = time.Minute

// Start runs the sandbox, until ctx ends, and waits until it can be used.
func (s Sandbox) Start(ctx context.Context) (*Program, error) {
	args := append([]string{"--esl", s.ESL, "--http", s.HTTP, "--recordings", s.Recordings}, s.Args...)
	p, err := Start(ctx, "sandbox", s.Binary, nil, args...)
	if err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	if _, err := p.After(soon, "recordings "); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}
