// Command bench measures Patchbay on this machine and prints figures beside their
// goals. Everything that is compared is measured in one run, in turns, so that
// the ratios mean something on any machine. See ../../README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// wholeRun bounds everything; a hanging process ends with it.
const wholeRun = 45 * time.Minute

// run is main without the process: it returns the exit code, which is 1 when a goal
// was missed or could not be judged.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, wholeRun)
	defer cancel()
	var err error
	if len(args) > 0 && args[0] == "upstream" {
		err = upstreamCommand(ctx, args[1:], stdout, stderr)
	} else {
		err = measureCommand(ctx, args, stdout, stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// bench is one run of the benchmark.
type bench struct {
	build    string // folder of what was built
	root     string // folder of the repository
	work     string // scratch folder
	log      io.Writer
	figures  []figure
	seconds  time.Duration // of one round of load
	inFlight int
	rows     int

	busy   float64 // see busyShare
	rounds int
	part   string // that measures just now
	tables []printed

	upgradeCount int
	crowdPlaces  [2]place
}

// part is one measurement that --only names.
type part struct {
	name  string
	run   func(context.Context) error
	asked bool // runs only when it is asked for
}

func (b *bench) parts() []part {
	return []part{
		{name: "peers", run: b.peers},
		{name: "flight", run: b.flight},
		{name: "allocations", run: b.allocations},
		{name: "profile", run: b.profile, asked: true},
		{name: "throughput", run: b.throughput},
		{name: "crowd", run: b.crowd},
		{name: "journal", run: b.reports},
		{name: "journal10m", run: b.journalFull},
		{name: "start", run: b.start},
		{name: "link", run: b.link},
		{name: "toggle", run: b.toggle},
		{name: "languages", run: b.languages},
		{name: "install", run: b.install},
		{name: "upgrades", run: b.upgrades},
		{name: "neighbour", run: b.neighbour},
	}
}

func names(parts []part) string {
	var out []string
	for _, p := range parts {
		out = append(out, p.name)
	}
	return strings.Join(out, ", ")
}

// choose returns the parts that only names, without it all that need not be asked for.
func choose(parts []part, only string) ([]part, error) {
	if only == "" {
		return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.asked }), nil
	}
	var out []part
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--only: there is no part %q; there are %s", name, names(parts))
		}
		out = append(out, parts[i])
	}
	return out, nil
}
