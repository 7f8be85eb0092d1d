// Command link measures what the gateway's link to FreeSWITCH adds to a call: the same
// originate, placed in turns by a bare client of the event socket, which does no more than the
// protocol asks for, and through package freeswitch. Both wait for the result of the background
// job. It prints one JSON object.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// wholeRun bounds everything.
const wholeRun = time.Minute

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, wholeRun)
	defer cancel()
	f := flag.NewFlagSet("link", flag.ContinueOnError)
	f.SetOutput(stderr)
	address := f.String("esl", "127.0.0.1:8021", "event socket")
	password := f.String("password", "ClueCon", "its password")
	calls := f.Int("calls", 3000, "calls of each side")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || *calls < 1 {
		return 2
	}
	result, err := measure(ctx, *address, *password, *calls)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(result)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "link:", err)
		return 1
	}
	return 0
}

// result is what is printed; times in microseconds.
type result struct {
	Calls   int     `json:"calls"` // of each side
	Bare    float64 `json:"bare_us"`
	Link    float64 `json:"link_us"`
	BareP99 float64 `json:"bare_p99_us"`
	LinkP99 float64 `json:"link_p99_us"`
	// Ratio is the median of the ratios of the blocks: what disturbs one block, disturbs both
	// sides of it.
	Ratio float64 `json:"ratio"`
}

const (
	warmUp = 100 // calls of each side that do not count
	block  = 50  // calls of each side whose medians make one ratio
	// template is answered at once and ends at once, so that nothing but the protocol and
	// FreeSWITCH's own work is measured.
	template = "null/{account} &hangup()"
	account  = "1001"
	caller   = "1001"
	called   = "89100000001"
)

// placer places one call and returns its id.
type placer func(ctx context.Context) (id string, err error)

func measure(ctx context.Context, address, password string, calls int) (result, error) {
	bare, err := dialBare(ctx, address, password)
	if err != nil {
		return result{}, fmt.Errorf("the bare client: %w", err)
	}
	defer func() { _ = bare.Close() }()
	link, err := startLink(ctx, address, password)
	if err != nil {
		return result{}, fmt.Errorf("the link: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = link.Close(ctx)
	}()
	sides := [2]placer{bare.originate, func(ctx context.Context) (string, error) {
		r, err := link.Originate(ctx, freeswitch.OriginateRequest{Called: called, Caller: caller, Account: account})
		return r.UUID, err
	}}
	// The bare client hears of the link's calls, too. It must not do that on its own time.
	after := [2]func(id string) error{func(string) error { return nil }, bare.skip}
	var took [2][]time.Duration
	var ratios []float64
	for i := -warmUp; i < calls; i++ {
		for turn := range sides {
			k := (turn + i&1) % 2 // each goes first every other time
			began := time.Now()
			id, err := sides[k](ctx)
			passed := time.Since(began)
			if err == nil {
				_, err = uuid.Parse(id)
			}
			if err == nil {
				err = after[k](id)
			}
			if err != nil {
				return result{}, fmt.Errorf("call %d of side %d: %w", i, k, err)
			}
			if i >= 0 {
				took[k] = append(took[k], passed)
			}
		}
		if n := i + 1; n > 0 && n%block == 0 {
			ratios = append(ratios, quantile(took[1][n-block:], 0.5)/quantile(took[0][n-block:], 0.5))
		}
	}
	r := result{Calls: calls, Bare: quantile(took[0], 0.5), Link: quantile(took[1], 0.5), BareP99: quantile(took[0], 0.99), LinkP99: quantile(took[1], 0.99)}
	r.Ratio = r.Link / r.Bare
	if len(ratios) > 0 {
		slices.Sort(ratios)
		r.Ratio = ratios[len(ratios)/2]
	}
	return r, nil
}

func startLink(ctx context.Context, address, password string) (*freeswitch.Link, error) {
	dial, err := freeswitch.ParseDialTemplate(template)
	if err != nil {
		return nil, err
	}
	l, err := freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{{Name: "main", Address: address, Password: password, Dial: dial}}}, nil)
	if err != nil {
		return nil, err
	}
	l.Start(ctx)
	if err := l.WaitSettled(ctx); err != nil {
		return nil, err
	}
	if h := l.Health()[0]; h.State != freeswitch.StateUp {
		return nil, fmt.Errorf("the node is %s: %w", h.State, h.Reason)
	}
	return l, nil
}

// quantile returns the value in µs below which the share q lies.
func quantile(list []time.Duration, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Nanoseconds()) / 1000
}
