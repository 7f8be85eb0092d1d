package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	goalLink   = 1.1 // times the time of a bare client's originate
	linkRounds = 3
	goalHeld   = 50 // ms, the longest write of FreeSWITCH's socket in a burst
	burstSize  = 50_000
	bursts     = 3
	// sandboxSpeed makes calls short: at 200 a second, real ones would fill the sandbox's
	// thousand channels. Nothing else of the sandbox depends on it.
	sandboxSpeed = "20"
)

// link measures the way from the gateway to FreeSWITCH, with the sandbox in FreeSWITCH's
// place: what an originate costs, calls at a steady rate, and a burst of events.
func (b *bench) link(ctx context.Context) (err error) {
	world, err := b.sandbox(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.stop()) }()
	if err := b.originateOverhead(ctx, world); err != nil {
		return err
	}
	at, err := b.fill(ctx, "link", 0)
	if err != nil {
		return err
	}
	p, err := b.gateway(ctx, "link.hcl", at, world.esl)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	s := side{p, at.token}
	if err := s.linked(ctx); err != nil {
		return err
	}
	if err := b.steadyCalls(ctx, s, world); err != nil {
		return err
	}
	return b.eventBurst(ctx, s, world)
}

// world is a running sandbox.
type world struct {
	*process
	esl, http string
}

// sandbox starts the sandbox and reads where it listens.
func (b *bench) sandbox(ctx context.Context) (*world, error) {
	cmd := exec.CommandContext(ctx, b.program("sandbox"), "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--speed", sandboxSpeed)
	w := &world{process: &process{name: "sandbox", cmd: cmd, ended: make(chan error, 1), words: &tail{}}}
	cmd.Stderr = w.words
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), " "); name {
			case "esl":
				w.esl = value
			case "http":
				w.http = value
				close(ready)
			}
		}
		w.ended <- cmd.Wait()
	}()
	select {
	case <-ready:
		return w, nil
	case err := <-w.ended:
		return nil, fmt.Errorf("the sandbox ended at once: %w\n%s", err, w.words)
	case <-time.After(listening):
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("the sandbox does not listen after %s\n%s", listening, w.words)
	}
}

// originateOverhead compares an originate through the link with a bare one.
func (b *bench) originateOverhead(ctx context.Context, w *world) error {
	var ratios, bare, link []float64
	for range linkRounds {
		cmd := exec.CommandContext(ctx, b.program("bench/link"), "--esl", w.esl)
		cmd.Stderr = b.log
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("bench/link: %w", err)
		}
		var r struct {
			Bare  float64 `json:"bare_us"`
			Link  float64 `json:"link_us"`
			Ratio float64 `json:"ratio"`
		}
		if err := json.Unmarshal(out, &r); err != nil || r.Ratio <= 0 {
			return fmt.Errorf("bench/link printed %.100q: %w", out, err)
		}
		ratios, bare, link = append(ratios, r.Ratio), append(bare, r.Bare), append(link, r.Link)
	}
	b.atMost("originate through the link", median(ratios), goalLink, "×", "bare socket %.0f µs, link %.0f µs, medians of %d rounds", median(bare), median(link), linkRounds)
	return nil
}

// linked waits until the gateway's link is up: the gateway is ready before.
func (s side) linked(ctx context.Context) error {
	c, err := dial(s.address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	raw := request("POST", s.address, pathQueues, s.token, "{}")
	return until(ctx, c, raw, 200)
}

const pathQueues = "/contact/queues"

// eventBurst has FreeSWITCH send a burst of other clients' events and asks /contact meanwhile.
func (b *bench) eventBurst(ctx context.Context, s side, w *world) error {
	raw := request("POST", s.address, pathQueues, s.token, "{}")
	before, _, err := s.memory()
	if err != nil {
		return err
	}
	var held, took, deepest, slowest float64
	asked := 0
	for range bursts {
		c, err := dial(s.address)
		if err != nil {
			return err
		}
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			defer func() { _ = c.Close() }()
			for {
				began := time.Now()
				a, err := c.do(raw, true)
				if err == nil && a.status != 200 {
					err = fmt.Errorf("%s in a burst: status %d %s", pathQueues, a.status, a.body)
				}
				if err != nil {
					ended <- err
					return
				}
				slowest, asked = max(slowest, ms(time.Since(began))), asked+1
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
			}
		}()
		began := time.Now()
		pressures, err := w.burst(ctx, burstSize)
		took = max(took, time.Since(began).Seconds())
		close(stop)
		if err := errors.Join(err, <-ended); err != nil {
			return err
		}
		if len(pressures) == 0 {
			return errors.New("nobody listened to the burst")
		}
		for _, p := range pressures {
			held, deepest = max(held, p.LongestWrite), max(deepest, float64(p.LongestQueue))
		}
	}
	after, _, err := s.memory()
	if err != nil {
		return err
	}
	b.atMost("burst of 50,000 events: longest write of FreeSWITCH's socket", held, goalHeld, "ms",
		"worst of %d bursts, each read in ≤ %.1f s; the gateway's peak grew by %.0f MB", bursts, took, float64(after-before)/1e6)
	b.note("/contact during the bursts", "%d answers, none wrong; the slowest took %.0f ms: its result waits behind the burst in FreeSWITCH's queue (≤ %.0f events)", asked, slowest, deepest)
	return nil
}

type pressure struct {
	Connection   int     `json:"connection"`
	LongestWrite float64 `json:"longest_write_ms"`
	LongestQueue int     `json:"longest_queue"`
}

func (w *world) burst(ctx context.Context, n int) (list []pressure, err error) {
	return list, w.ask(ctx, http.MethodPost, "/burst?events="+strconv.Itoa(n), &list)
}

// ask reads JSON from the sandbox.
func (w *world) ask(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+w.http+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("sandbox: %s %s: %s %s", method, path, answer.Status, text)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
