// Command chaos breaks everything around Patchbay, and Patchbay itself, and checks
// that nothing is lost, nothing is done twice and nothing stale is told. It runs
// the real binaries on loopback. See ../../README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes.
const (
	exitHeld   = 0
	exitMissed = 1 // a line of the table missed, or a scenario could not run
	exitUsage  = 2
)

// chaos is one run.
type chaos struct {
	build, work, cache string
	log                io.Writer
	rounds             int           // of kill
	soakFor            time.Duration // of soak
	clockBinary        string        // the gateway with a clock that can be set, "" for none
	random             *rand.Rand    // used by one goroutine at a time
	trials             []*trial
}

// scenario is one kind of fault that --only names.
type scenario struct {
	name  string
	limit time.Duration // it ends with an error after so long, rounds and soak not counted
	run   func(context.Context, *chaos) error
}

func scenarios() []scenario {
	return []scenario{
		{"kill", time.Minute, kill},
		{"disk", 3 * time.Minute, disk},
		{"clock", 3 * time.Minute, clock},
		{"freeswitch", 4 * time.Minute, freeswitch},
		{"upstream", 4 * time.Minute, upstream},
		{"reload", 2 * time.Minute, reload},
		{"drain", 2 * time.Minute, drain},
		{"store", 4 * time.Minute, stores},
		{"soak", 2 * time.Minute, soak},
	}
}

func names(all []scenario) string {
	var out []string
	for _, s := range all {
		out = append(out, s.name)
	}
	return strings.Join(out, ", ")
}

// choose returns the scenarios that only names, all without it.
func choose(all []scenario, only string) ([]scenario, error) {
	if only == "" {
		return all, nil
	}
	var out []scenario
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--only: there is no scenario %q; there are %s", name, names(all))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "overlay" {
		if err := overlay(args[1:], stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(stderr, "chaos:", err)
			return exitUsage
		}
		return exitHeld
	}
	c := &chaos{log: stderr}
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.build, "build", "build", "`folder` of what make built")
	f.IntVar(&c.rounds, "rounds", 10, "how often kill -9 hits the gateway")
	f.DurationVar(&c.soakFor, "soak", 45*time.Second, "length of the soak")
	f.StringVar(&c.clockBinary, "clock-binary", "", "a gateway whose clock follows a file; .ci/chaos builds it")
	only := f.String("only", "", "comma-separated scenarios: "+names(scenarios())+"; empty runs all")
	seed := f.Uint64("seed", uint64(time.Now().UnixNano()), "of what is random; printed with the table")
	document := f.String("write", "", "`file` whose block between <!-- chaos --> and <!-- /chaos --> gets the table")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitHeld
	} else if err != nil {
		return exitUsage
	}
	wanted, err := choose(scenarios(), *only)
	switch {
	case err != nil:
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q, every option begins with --", f.Arg(0))
	case c.rounds < 1 || c.rounds > 1000 || c.soakFor < time.Second || c.soakFor > 24*time.Hour:
		err = errors.New("--rounds is 1 to 1000, --soak 1s to 24h")
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "chaos:", err)
		return exitUsage
	}
	c.random = rand.New(rand.NewPCG(*seed, 0))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.all(ctx, wanted); err != nil {
		_, _ = fmt.Fprintln(stderr, "chaos:", err)
		return exitMissed
	}
	head := fmt.Sprintf("%s; seed %d", machine(), *seed)
	_, _ = fmt.Fprintf(stdout, "%s\n\n%s", head, table(c.trials))
	if *document != "" {
		if err := rewrite(*document, head, c.trials); err != nil {
			_, _ = fmt.Fprintln(stderr, "chaos:", err)
			return exitMissed
		}
	}
	if slices.ContainsFunc(c.trials, func(t *trial) bool { return t.verdict() == missed }) {
		return exitMissed
	}
	return exitHeld
}

// all runs the scenarios one after the other. What goes wrong in one is a line of
// the table and does not keep the others from running.
func (c *chaos) all(ctx context.Context, wanted []scenario) error {
	var err error
	if c.build, err = filepath.Abs(c.build); err != nil {
		return err
	}
	c.cache = filepath.Join(c.build, "chaos", "cache")
	if err := os.MkdirAll(c.cache, 0o755); err != nil {
		return err
	}
	if c.work, err = os.MkdirTemp("", "patchbay-chaos-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(c.work) }()
	if err := c.warm(ctx); err != nil {
		return fmt.Errorf("compile the plugins once: %w", err)
	}
	for _, s := range wanted {
		began := time.Now()
		_, _ = fmt.Fprintf(c.log, "%s …\n", s.name)
		limit := s.limit
		switch s.name {
		case "kill":
			limit += time.Duration(c.rounds) * 20 * time.Second
		case "soak":
			limit += c.soakFor
		}
		part, cancel := context.WithTimeout(ctx, limit)
		if err := s.run(part, c); err != nil {
			c.trial(s.name, "the scenario itself").miss("%v", err)
		}
		cancel()
		_, _ = fmt.Fprintf(c.log, "%s took %s\n", s.name, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// built is the path of something that make built.
func (c *chaos) built(name string) string { return filepath.Join(c.build, name) }

// pick returns a random duration from low to high.
func (c *chaos) pick(low, high time.Duration) time.Duration {
	return low + time.Duration(c.random.Int64N(int64(high-low)+1))
}

// folder makes a new folder for one scenario.
func (c *chaos) folder(name string) (string, error) {
	return os.MkdirTemp(c.work, name+"-")
}
