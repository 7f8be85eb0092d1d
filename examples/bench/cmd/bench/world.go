package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func (b *bench) program(name string) string { return filepath.Join(b.build, name) }

// place is a data folder with the user of the benchmark.
type place struct {
	dir, token string
	plugins    string // folder of the plugin that is measured; "" is that of the one in Go
}

// fill makes a data folder with so many journal rows; more are arguments of `twin
// fill`.
func (b *bench) fill(ctx context.Context, name string, rows int, more ...string) (place, error) {
	p := place{dir: filepath.Join(b.work, name)}
	cmd := exec.CommandContext(ctx, b.program("bench/twin"), append([]string{"fill", "--data", p.dir, "--rows", strconv.Itoa(rows)}, more...)...)
	cmd.Stderr = b.log
	out, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("fill %s: %w", name, err)
	}
	p.token = strings.TrimSpace(string(out))
	return p, nil
}

// share gives a data folder the machine code that another one compiled before.
func (p place) share(from place) error {
	return os.CopyFS(filepath.Join(p.dir, "cache"), os.DirFS(filepath.Join(from.dir, "cache")))
}

// upstream starts the upstream; delay is its time until an answer.
func (b *bench) upstream(ctx context.Context, delay time.Duration) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return launch(ctx, nil, self, "upstream", "--delay", delay.String())
}

// gateway starts the real gateway with one of the configurations of
// examples/bench and waits until it is ready.
func (b *bench) gateway(ctx context.Context, config string, at place, upstream string) (*process, error) {
	return b.serveConfig(ctx, "patchbay", config, at, upstream, "serve")
}

// serveConfig does it with any program that is a gateway.
func (b *bench) serveConfig(ctx context.Context, program, config string, at place, upstream string, verb ...string) (*process, error) {
	env := []string{
		"PATCHBAY_BENCH_DATA=" + at.dir, "PATCHBAY_BENCH_UPSTREAM=" + upstream,
		"PATCHBAY_BENCH_PLUGINS=" + cmp.Or(at.plugins, b.program("bench")), "PATCHBAY_PLUGINS=" + b.program("plugins"), "PATCHBAY_BENCH_HOSTILE=" + b.program("bench/hostile"),
	}
	p, err := launch(ctx, env, b.program(program), append(verb, "--config", filepath.Join(b.root, "examples/bench", config))...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		_ = p.stop()
		return nil, err
	}
	return p, nil
}

// twin starts the gateway's twin in Go.
func (b *bench) twin(ctx context.Context, at place, upstream string) (*process, error) {
	return launch(ctx, nil, b.program("bench/twin"), "serve", "--data", at.dir, "--upstream", "http://"+upstream+"/",
		"--manifest", filepath.Join(b.root, "examples/bench/plugin/plugin.json"))
}

// readiness bounds a start with an empty compile cache.
const readiness = 2 * time.Minute

// ready waits until /readyz says so.
func (p *process) ready(ctx context.Context) error {
	c, err := dial(p.address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	raw := request("GET", p.address, "/readyz", "", "")
	for end := time.Now().Add(readiness); ; {
		a, err := c.do(raw, true)
		switch {
		case err != nil:
			return fmt.Errorf("readyz: %w\n%s", err, p.words)
		case a.status == 200:
			return nil
		case time.Now().After(end), strings.Contains(string(a.body), ": failed"):
			return fmt.Errorf("not ready: %s\n%s", a.body, p.words)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

const (
	pathEcho    = "/bench/echo"
	pathCheck   = "/bench/check"
	pathForward = "/bench/forward"
	// message is the manual's example of /sms/send.
	message = `{"phone":"89190000000","message":"Проверка работы ПО API ЦОВ"}`
)

// side is one of the two that are compared.
type side struct {
	*process
	token string
}

func (s side) request(path string) []byte { return request("POST", s.address, path, s.token, message) }

// sides starts both beside one upstream and proves that they do the same: equal
// answers to equal requests, refused ones included.
func (b *bench) sides(ctx context.Context, native, plugin place, upstream string) (_ [2]side, err error) {
	var out [2]side
	p, err := b.twin(ctx, native, upstream)
	if err != nil {
		return out, err
	}
	out[0] = side{p, native.token}
	if p, err = b.gateway(ctx, "bench.hcl", plugin, upstream); err != nil {
		_ = out[0].stop()
		return out, err
	}
	out[1] = side{p, plugin.token}
	if err := alike(out); err != nil {
		_, _ = out[0].stop(), out[1].stop()
		return out, err
	}
	return out, nil
}

func alike(sides [2]side) error {
	for _, path := range []string{pathEcho, pathCheck, pathForward} {
		for _, body := range []string{
			message,
			`{"phone":"89190000000","message":"` + strings.Repeat("Frontline ", 40) + `"}`,
			`{"phone":"84957777777","message":"a landline"}`,
			`{"phone":"89190000000"}`,
			`[]`,
		} {
			var got [2]answer
			for i, s := range sides {
				c, err := dial(s.address)
				if err != nil {
					return err
				}
				got[i], err = c.do(request("POST", s.address, path, s.token, body), true)
				_ = c.Close()
				if err != nil {
					return fmt.Errorf("%s %s: %w", s.name, path, err)
				}
			}
			if got[0].status != got[1].status || string(got[0].body) != string(got[1].body) {
				return fmt.Errorf("%s with %.60s: the twin answers %d %s, the plugin %d %s; they must do the same",
					path, body, got[0].status, got[0].body, got[1].status, got[1].body)
			}
		}
	}
	return nil
}
