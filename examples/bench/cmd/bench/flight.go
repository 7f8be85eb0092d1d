package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

const (
	goalPeak    = 1.15 // peak memory, times the native peer's
	goalOthers  = 2.0  // p99 of another module, times its own in an idle gateway
	pathOther   = "/report/users"
	idleSamples = 2 * time.Second
	// settle is how long a new process is left alone before its idle figures.
	settle = 300 * time.Millisecond
)

// flights are the sizes of the crowds; --in-flight sets the last.
var flights = []int{1000, 5000}

// flyer is a gateway that thousands of requests are in flight in.
type flyer struct {
	*peer
	peaks [][]float64 // MB, by size
}

// flight has crowds of several sizes wait in Patchbay and in its peers, each crowd in
// a new process, and meanwhile calls another module.
func (b *bench) flight(ctx context.Context) error {
	last, err := fitting(b.inFlight, 2)
	if err != nil {
		return err
	}
	sizes := append(slices.DeleteFunc(slices.Clone(flights), func(n int) bool { return n >= last }), last)
	var flyers []*flyer
	for _, p := range b.allPeers() {
		if p.id == native || p.id == gateway || p.id == nginxID {
			flyers = append(flyers, &flyer{p, make([][]float64, len(sizes))})
		}
	}
	places, err := b.flightPlaces(ctx, flyers)
	if err != nil {
		return err
	}
	beside := make([]others, len(sizes))
	together := make([]int64, len(sizes))
	for range b.rounds {
		for s, n := range sizes {
			for i, f := range flyers {
				if f.missing != "" {
					continue
				}
				peak, waited, err := b.oneFlight(ctx, f, places[i], n, &beside[s])
				if err != nil {
					if err = errors.Join(ctx.Err(), f.fail(fmt.Errorf("%d in flight in %s: %w", n, f.id, err))); err != nil {
						return err
					}
					_, _ = fmt.Fprintln(b.log, f.missing)
					continue
				}
				f.peaks[s] = append(f.peaks[s], float64(peak)/1e6)
				if together[s] == 0 || waited < together[s] {
					together[s] = waited
				}
			}
		}
	}
	b.show(flightTable(flyers, sizes, together, beside))
	b.judgeFlight(flyers, sizes, beside)
	return nil
}

// flightPlaces gives every peer the one user that the crowds call as.
func (b *bench) flightPlaces(ctx context.Context, flyers []*flyer) ([]peerPlace, error) {
	own, err := b.fill(ctx, "flight-"+gateway, 0)
	if err != nil {
		return nil, err
	}
	users := filepath.Join(b.work, "flight-users")
	if err := os.WriteFile(users, []byte(own.token+"\tbench\t10\tbench.estimate,bench.submit\n"), 0o600); err != nil {
		return nil, err
	}
	places := make([]peerPlace, len(flyers))
	for i, f := range flyers {
		places[i] = peerPlace{place: place{dir: filepath.Join(b.work, "flight-"+f.id), token: own.token}, users: users}
		if f.id == gateway {
			places[i].place = own
		}
	}
	// The first start compiles the plugins, which takes memory that no crowd does.
	first, err := b.gateway(ctx, "bench.hcl", own, unusedUpstream)
	if err != nil {
		return nil, err
	}
	return places, first.stop()
}

// unusedUpstream is where nobody is asked.
const unusedUpstream = "127.0.0.1:9"

// others are the latencies of another module of Patchbay, in rounds.
type others struct {
	idle, waiting, whole []float64 // p99 in ms: without a crowd, while it waits, and its coming and going included
}

// oneFlight is one crowd in a new process.
func (b *bench) oneFlight(ctx context.Context, f *flyer, at peerPlace, n int, o *others) (peak, waited int64, err error) {
	up, err := b.upstream(ctx, upstreamDelay)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = up.stop() }()
	at.upstream = up.address
	server, err := f.start(ctx, at)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	pause(ctx, settle)
	crowd := func() error { return storm(server, side{server, at.token}.request(pathSubmit), n) }
	if f.id == gateway {
		err = besideCrowd(ctx, server, at.token, up, crowd, o)
	} else {
		err = crowd()
	}
	if err != nil {
		return 0, 0, err
	}
	if peak, _, err = server.memory(); err != nil {
		return 0, 0, err
	}
	waited, err = askUpstream(up, "/peak")
	return peak, waited, err
}

// sample is one call of the other module.
type sample struct {
	at   time.Time
	took time.Duration
}

// besideCrowd calls the other module one request after the other, first alone and
// then beside the crowd.
func besideCrowd(ctx context.Context, server *process, token string, up *process, crowd func() error, o *others) error {
	raw := request("POST", server.address, pathOther, token, "{}")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	alone, cancel := context.WithTimeout(ctx, idleSamples)
	idle, err := sampling(alone, server, raw)
	cancel()
	if err != nil {
		return fmt.Errorf("%s alone: %w", pathOther, err)
	}
	var wg sync.WaitGroup
	var calls []sample
	var waiting []level
	var callsErr, levelErr error
	wg.Go(func() { calls, callsErr = sampling(ctx, server, raw) })
	wg.Go(func() { waiting, levelErr = levels(ctx, up) })
	err = crowd()
	stop()
	wg.Wait()
	if err := errors.Join(err, callsErr, levelErr); err != nil {
		return err
	}
	from, to := plateau(waiting)
	// Whatever touches the plateau counts, also a call that outlasts it.
	during := slices.DeleteFunc(slices.Clone(calls), func(s sample) bool { return s.at.After(to) || s.at.Add(s.took).Before(from) })
	if len(during) == 0 {
		return errors.New("no call of the other module fell into the time that the crowd waited")
	}
	o.idle = append(o.idle, samplesP99(idle))
	o.waiting = append(o.waiting, samplesP99(during))
	o.whole = append(o.whole, samplesP99(calls))
	return nil
}

// sampling calls until ctx ends.
func sampling(ctx context.Context, server *process, raw []byte) (out []sample, err error) {
	c, err := dial(server.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.do(raw, false); err != nil { // connected, warm
		return nil, err
	}
	for ctx.Err() == nil {
		sent := time.Now()
		a, err := c.do(raw, false)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("status %d", a.status)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sample{sent, time.Since(sent)})
	}
	return out, nil
}

func samplesP99(list []sample) float64 {
	var all []time.Duration
	for _, s := range list {
		all = append(all, s.took)
	}
	slices.Sort(all)
	return ms(quantile(all, 0.99))
}

// level is how many requests waited at the upstream at a time.
type level struct {
	at      time.Time
	waiting int64
}

func levels(ctx context.Context, up *process) (out []level, err error) {
	for ctx.Err() == nil {
		n, err := askUpstream(up, "/waiting")
		if err != nil {
			return nil, err
		}
		out = append(out, level{time.Now(), n})
		pause(ctx, 20*time.Millisecond)
	}
	return out, nil
}

// plateau is the time in which nine tenths of the crowd or more waited: few come and
// few leave.
func plateau(list []level) (from, to time.Time) {
	var most int64
	for _, l := range list {
		most = max(most, l.waiting)
	}
	for _, l := range list {
		if l.waiting > 0 && l.waiting >= most-most/10 {
			if from.IsZero() {
				from = l.at
			}
			to = l.at
		}
	}
	return from, to
}

func flightTable(flyers []*flyer, sizes []int, together []int64, o []others) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "IN FLIGHT\ttogether\t")
	for _, f := range flyers {
		_, _ = fmt.Fprintf(w, "%s MB\t", f.id)
	}
	_, _ = fmt.Fprintln(w, "other module p99: idle ms\twhile they wait\tthe whole time\t")
	for s, n := range sizes {
		_, _ = fmt.Fprintf(w, "%d\t%d\t", n, together[s])
		for _, f := range flyers {
			if f.missing != "" {
				_, _ = fmt.Fprint(w, "not measured\t")
				continue
			}
			_, _ = fmt.Fprintf(w, "%.0f\t", median(f.peaks[s]))
		}
		_, _ = fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t\n", median(o[s].idle), median(o[s].waiting), median(o[s].whole))
	}
	_ = w.Flush()
	return out.String()
}

func (b *bench) judgeFlight(flyers []*flyer, sizes []int, o []others) {
	by := map[string]*flyer{}
	for _, f := range flyers {
		by[f.id] = f
	}
	for s, n := range sizes {
		with := " with " + strconv.Itoa(n) + " in flight"
		if s == len(sizes)-1 {
			with = " with the most in flight" // a limit of the machine, so the name has no number
		}
		own := median(by[gateway].peaks[s])
		theirs := median(by[native].peaks[s])
		b.atMost("peak memory"+with+" against native Go", own/theirs, goalPeak, "×", "%d: %.0f MB, Patchbay %.0f MB", n, theirs, own)
		if by[nginxID].missing == "" {
			lua := median(by[nginxID].peaks[s])
			b.note("peak memory"+with+" against nginx + Lua", "%.2f× (%.0f MB, Patchbay %.0f MB)", own/lua, lua, own)
		}
		b.atMost("p99 of another module"+with, median(o[s].waiting)/median(o[s].idle), goalOthers, "×",
			"idle %.2f ms, while they wait %.2f ms", median(o[s].idle), median(o[s].waiting))
		b.figures[len(b.figures)-1].noisy = true
	}
}
