package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// wrkThreads of the load generator; it is much cheaper than what it measures.
const wrkThreads = 2

// wrkScript makes wrk go through the tokens, each request rendered once, and print
// its result as JSON. The first argument is the file of users.
const wrkScript = `local requests, turn = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local token = line:match("^[^\t]+")
    requests[#requests + 1] = wrk.format("POST", args[2], {
      ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json", ["Host"] = wrk.host .. ":" .. wrk.port,
    }, args[3])
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"took_us":%d,"p99_us":%d,"failed":%d}\n', summary.requests, summary.duration,
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`

// round is one round of load from outside.
type round struct {
	Requests int     `json:"requests"`
	TookUS   float64 `json:"took_us"`
	P99US    float64 `json:"p99_us"`
	Failed   int     `json:"failed"`
	cpu      time.Duration
}

func (r *round) perSecond() float64 { return float64(r.Requests) / (r.TookUS / 1e6) }

// each is the server's processor time for one request, in µs.
func (r *round) each() float64 { return float64(r.cpu.Nanoseconds()) / 1000 / float64(r.Requests) }

// wrkMissing says why there is no load, "" when there is.
func wrkMissing() string {
	if _, err := exec.LookPath("wrk"); err != nil {
		return "wrk is not installed"
	}
	return ""
}

// wrk sends requests of all the users in the file over 64 connections.
func (b *bench) wrk(ctx context.Context, p *process, users, path, body string, length time.Duration) (*round, error) {
	script := filepath.Join(b.work, "wrk.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		return nil, err
	}
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "--threads", fmt.Sprint(wrkThreads), "--connections", fmt.Sprint(connections),
		"--duration", fmt.Sprintf("%ds", max(1, int(length.Round(time.Second).Seconds()))), "--timeout", fmt.Sprintf("%.0fs", patience.Seconds()), "--script", script,
		"http://"+p.address, "--", users, path, body)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	r, err := parseWrk(out)
	if err != nil {
		return nil, err
	}
	r.cpu = after - before
	return r, nil
}

// warm sends requests that do not count, until a second had answers in it: some peers
// make an instance for each connection first, which takes its time.
func (b *bench) warm(ctx context.Context, p *process, users, path, body string) (err error) {
	for range warmUps {
		if _, err = b.wrk(ctx, p, users, path, body, warmUp); !errors.Is(err, errNothing) {
			return err
		}
	}
	return err
}

// warmUp runs before each measured load, and again when nothing came of it.
const (
	warmUp  = time.Second
	warmUps = 15
)

var errNothing = errors.New("nothing was answered")

func parseWrk(out []byte) (*round, error) {
	for line := range bytes.Lines(out) {
		text, ok := bytes.CutPrefix(line, []byte("RESULT "))
		if !ok {
			continue
		}
		var r round
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("wrk: %q: %w", text, err)
		}
		if r.Requests <= 0 || r.TookUS <= 0 || r.P99US < 0 || r.Failed < 0 {
			return nil, fmt.Errorf("wrk: %w: %s", errNothing, text)
		}
		return &r, nil
	}
	return nil, fmt.Errorf("wrk: no result in %q", out)
}
