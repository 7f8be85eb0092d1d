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
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// wholeRun bounds everything; a hanging process ends with it.
const wholeRun = 15 * time.Minute

// run is main without the process: it returns the exit code. A missed goal is not
// an error; a measurement that cannot be made is.
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

	upgradeCount int
	crowdPlaces  [2]place
}

// part is one measurement that --only names.
type part struct {
	name string
	run  func(context.Context) error
}

func (b *bench) parts() []part {
	return []part{
		{"throughput", b.throughput}, {"crowd", b.crowd}, {"journal", b.reports}, {"start", b.start}, {"toggle", b.toggle},
		{"languages", b.languages}, {"install", b.install}, {"upgrades", b.upgrades}, {"neighbour", b.neighbour},
	}
}

func names(parts []part) string {
	var out []string
	for _, p := range parts {
		out = append(out, p.name)
	}
	return strings.Join(out, ", ")
}

// choose returns the parts that only names, all without it.
func choose(parts []part, only string) ([]part, error) {
	if only == "" {
		return parts, nil
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

func measureCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := &bench{log: stderr}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&b.root, "root", ".", "folder of the repository, built by make")
	f.DurationVar(&b.seconds, "round", 4*time.Second, "length of one round of load")
	f.IntVar(&b.inFlight, "in-flight", 10_000, "requests that wait for the slow upstream at the same time")
	f.IntVar(&b.rows, "rows", 1_000_000, "journal rows that the reports are read from")
	f.IntVar(&b.upgradeCount, "upgrades", 1000, "upgrades of a plugin under load")
	parts := b.parts()
	only := f.String("only", "", "comma-separated parts to run: "+names(parts)+"; empty runs all")
	metering := f.String("metering", "", "output of `go test -bench BenchmarkOverhead ./core/internal/wasm/meter`")
	if err := f.Parse(args); err != nil {
		return err
	}
	wanted, err := choose(parts, *only)
	if err != nil {
		return err
	}
	if b.root, err = filepath.Abs(b.root); err != nil {
		return err
	}
	b.build = filepath.Join(b.root, "build")
	if b.work, err = os.MkdirTemp("", "patchbay-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.work) }()
	if *metering != "" {
		if err := b.readMetering(*metering); err != nil {
			return err
		}
	}
	for _, p := range wanted {
		_, _ = fmt.Fprintln(stderr, "measuring", p.name)
		if failed := p.run(ctx); failed != nil {
			// The other parts are worth their figures all the same.
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, failed))
		}
	}
	_, failed := io.WriteString(stdout, machine()+"\n\n"+table(b.figures))
	return errors.Join(err, failed)
}
