package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Goals of the comparison with peers.
const (
	goalNative = 0.85 // requests per second, of the native peer's
	goalNginx  = 1.05 // processor time, times nginx's: level, within what rounds differ by
	goalExtism = 6.0  // requests per second, times Extism's
	goalOther  = 3.0  // requests per second, times those of gateways that run plugins
	goalTail   = 2.0  // p99, times the native peer's
)

// The two works: A computes, B also asks an upstream.
const (
	pathEstimate = "/bench/estimate"
	pathSubmit   = "/bench/submit"
)

var works = [2]struct{ letter, path string }{{"A", pathEstimate}, {"B", pathSubmit}}

// peer is a gateway that does the same work.
type peer struct {
	id, title string
	missing   string // why it cannot run here
	start     func(ctx context.Context, at peerPlace) (*process, error)
	rounds    [2][]*round
	resident  [2][]float64 // MB, after the rounds
}

// peerPlace is where a peer keeps its data, and whom it may serve.
type peerPlace struct {
	place
	users    string // file of users, all of them
	callers  string // file of those who may do what is measured
	upstream string
}

const (
	native   = "native"
	gateway  = "patchbay"
	rustID   = gateway + "-rust"
	nginxID  = "nginx"
	traefik  = "traefik"
	extismID = "extism"
)

func (b *bench) allPeers() []*peer {
	peers := []*peer{
		{id: native, title: "native Go: the pipeline with the work compiled in", start: b.peer("bench/native")},
		{id: gateway, title: "Patchbay: the work in a plugin in Go, metering on", start: b.gatewayPeer},
		{id: rustID, title: "Patchbay: the same plugin in Rust, metering on", start: b.gatewayPeer},
		{id: nginxID, title: "nginx + Lua: no sandbox, no plugins", missing: nginxMissing(), start: func(ctx context.Context, at peerPlace) (*process, error) {
			return b.nginx(ctx, at.dir, at.users, at.upstream)
		}},
	}
	if _, err := os.Stat(filepath.Join(b.rustPlugins(), "bench.wasm")); err != nil {
		peers[slices.IndexFunc(peers, func(p *peer) bool { return p.id == rustID })].missing = "the plugin in Rust was not built"
	}
	interpreted := &peer{id: traefik, title: "Traefik, an interpreted plugin in Go", start: b.traefik}
	if _, err := os.Stat(b.program("bench/traefik")); err != nil {
		interpreted.missing = "Traefik was not built"
	}
	peers = append(peers, interpreted)
	guest := b.program("bench/extism-guest.wasm")
	for _, variant := range []struct {
		id, title string
		args      []string
	}{
		{extismID, "Extism, its time-out on", nil},
		{extismID + "-off", "Extism, its time-out off", []string{"--timeout", "0"}},
		{extismID + "-text", "Extism, time-out on, text instead of JSON", []string{"--text"}},
	} {
		p := &peer{id: variant.id, title: variant.title, start: b.peer("bench/extism", append(variant.args, "--guest", guest)...)}
		for _, file := range []string{b.program("bench/extism"), guest} {
			if _, err := os.Stat(file); err != nil {
				p.missing = "Extism was not built"
			}
		}
		peers = append(peers, p)
	}
	return peers
}

func (b *bench) gatewayPeer(ctx context.Context, at peerPlace) (*process, error) {
	return b.gateway(ctx, "bench.hcl", at.place, at.upstream)
}

// rustPlugins is the folder of the plugin in Rust, which has the id of the one in Go.
func (b *bench) rustPlugins() string { return b.program("bench/rust") }

// peer returns what starts a program of examples/bench/peers.
func (b *bench) peer(program string, args ...string) func(context.Context, peerPlace) (*process, error) {
	return func(ctx context.Context, at peerPlace) (*process, error) {
		args := append([]string{"--data", at.dir, "--users", at.users, "--upstream", at.upstream}, args...)
		return launch(ctx, nil, b.program(program), args...)
	}
}

// peers compares Patchbay with what else could do the work.
func (b *bench) peers(ctx context.Context) error {
	peers := b.allPeers()
	if why := wrkMissing(); why != "" {
		return fmt.Errorf("%s, so there is no load: apt-get install wrk", why)
	}
	places, err := b.peerPlaces(ctx, "peer-", peers)
	if err != nil {
		return err
	}
	up, err := b.upstream(ctx, 0)
	if err != nil {
		return err
	}
	defer func() { _ = up.stop() }()
	var want []answer
	for i := range b.rounds {
		for n := range places {
			places[n].upstream = up.address
		}
		if want, err = b.peersRound(ctx, peers, places, want, i == 0); err != nil {
			return err
		}
	}
	if err := b.recorded(ctx, peers, places); err != nil {
		return err
	}
	b.show(peerTable(peers))
	b.judgePeers(peers)
	return nil
}

// fail takes a peer out that cannot be measured: its goals are unproven then. Without
// the two sides that everything is compared with, and with peers that do not do the
// same, there is nothing to go on with.
func (p *peer) fail(err error) error {
	if p.id == native || p.id == gateway || errors.Is(err, errDiffers) {
		return err
	}
	p.missing, _, _ = strings.Cut(err.Error(), "\n")
	p.rounds, p.resident = [2][]*round{}, [2][]float64{}
	return nil
}

// peerPlaces makes a data folder for each peer, named with the prefix. The users are
// created once: the gateway has them in its store, the others read the file.
func (b *bench) peerPlaces(ctx context.Context, prefix string, peers []*peer) ([]peerPlace, error) {
	users, callers := filepath.Join(b.work, "users"), filepath.Join(b.work, "callers")
	own, err := b.fill(ctx, prefix+gateway, 0, "--users", users)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(users)
	if err != nil {
		return nil, err
	}
	var may strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "\t10\t") && strings.Contains(line, "bench.estimate") {
			may.WriteString(line)
		}
	}
	if err := os.WriteFile(callers, []byte(may.String()), 0o600); err != nil {
		return nil, err
	}
	places := make([]peerPlace, len(peers))
	for i, p := range peers {
		places[i] = peerPlace{place: place{dir: filepath.Join(b.work, prefix+p.id)}, users: users, callers: callers}
		switch p.id {
		case gateway:
			places[i].place = own
		case rustID:
			places[i].token, places[i].plugins = own.token, b.rustPlugins()
			if p.missing != "" {
				continue
			}
			if err := duplicate(places[i].dir, own.dir); err != nil {
				return nil, err
			}
		}
	}
	return places, nil
}

// duplicate copies a data folder; its key is nobody else's there, too.
func duplicate(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return os.Chmod(filepath.Join(to, "secret.key"), 0o600)
}

// running is a peer in a round.
type running struct {
	*peer
	peerPlace
	server *process
}

// leave takes the peer out of this round and the next ones.
func (r *running) leave(ctx context.Context, log io.Writer, err error) error {
	if r.server != nil {
		err = errors.Join(err, r.server.stop())
		r.server = nil
	}
	if err = errors.Join(ctx.Err(), r.fail(fmt.Errorf("%s: %w", r.id, err))); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(log, r.missing)
	return nil
}

// peersRound starts all peers, loads one after the other again and again, and ends
// them: who is not loaded does nothing. In the first round they must answer alike; want
// is what the others answered.
func (b *bench) peersRound(ctx context.Context, peers []*peer, places []peerPlace, want []answer, first bool) (_ []answer, err error) {
	var all []*running
	defer func() {
		for _, r := range all {
			if r.server != nil {
				err = errors.Join(err, r.server.stop())
			}
		}
	}()
	for n, p := range peers {
		if p.missing != "" {
			continue
		}
		r := &running{peer: p, peerPlace: places[n]}
		all = append(all, r)
		var failed error
		if r.server, failed = p.start(ctx, r.peerPlace); failed == nil && first {
			want, failed = sameAnswers(r.server, r.users, want)
		}
		if failed != nil {
			if err := r.leave(ctx, b.log, failed); err != nil {
				return want, err
			}
		}
	}
	for i := range works {
		if err := b.peersWork(ctx, all, i); err != nil {
			return want, err
		}
	}
	return want, nil
}

// peerTurn is how long a peer is loaded before the next one is: the machine's own pace
// changes within seconds. It is two of them, since each begins with new connections.
const peerTurn = 2 * time.Second

// peersWork measures one of the works.
func (b *bench) peersWork(ctx context.Context, all []*running, i int) error {
	each := func(do func(r *running) error) error {
		for _, r := range all {
			if r.server == nil {
				continue
			}
			if failed := do(r); failed != nil {
				if err := r.leave(ctx, b.log, failed); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := each(func(r *running) error { return b.warm(ctx, r.server, r.callers, works[i].path, message) })
	length := min(peerTurn, b.seconds)
	for turn := 0; err == nil && turn < int(b.seconds/length); turn++ {
		slices.Reverse(all) // each is as often before another as after it
		err = each(func(r *running) error {
			load, err := b.wrk(ctx, r.server, r.callers, works[i].path, message, length)
			if err == nil {
				r.rounds[i] = append(r.rounds[i], load)
			}
			return err
		})
	}
	return errors.Join(err, each(func(r *running) error {
		_, now, err := r.server.memory()
		if err == nil {
			r.resident[i] = append(r.resident[i], float64(now)/1e6)
		}
		return err
	}))
}

// of is the median of a figure over the rounds of a work.
func (p *peer) of(work int, figure func(*round) float64) float64 {
	var list []float64
	for _, r := range p.rounds[work] {
		list = append(list, figure(r))
	}
	return median(list)
}

// against is the median of how many times a figure is the other peer's, turn by turn.
func (p *peer) against(to *peer, work int, figure func(*round) float64) float64 {
	var list []float64
	for n, r := range p.rounds[work][:min(len(p.rounds[work]), len(to.rounds[work]))] {
		list = append(list, figure(r)/figure(to.rounds[work][n]))
	}
	return median(list)
}

// answered counts the requests of all rounds.
func (p *peer) answered() (n int) {
	for _, rounds := range p.rounds {
		for _, r := range rounds {
			n += r.Requests
		}
	}
	return n
}

func (p *peer) failed() (n int) {
	for _, rounds := range p.rounds {
		for _, r := range rounds {
			n += r.Failed
		}
	}
	return n
}

func p99(r *round) float64 { return r.P99US / 1000 }

func peerTable(peers []*peer) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "A req/s\tp99 ms\tCPU µs\tRSS MB\tB req/s\tp99 ms\tCPU µs\tRSS MB\tfailed\t  PEER")
	for _, p := range peers {
		if p.missing != "" {
			_, _ = fmt.Fprintf(w, "%s  %s: not measured, %s\n", strings.Repeat("–\t", 9), p.title, p.missing)
			continue
		}
		for i := range works {
			_, _ = fmt.Fprintf(w, "%.0f\t%.2f\t%.1f\t%.0f\t", p.of(i, (*round).perSecond), p.of(i, p99), p.of(i, (*round).each), median(p.resident[i]))
		}
		_, _ = fmt.Fprintf(w, "%d\t  %s\n", p.failed(), p.title)
	}
	_ = w.Flush()
	return out.String()
}
