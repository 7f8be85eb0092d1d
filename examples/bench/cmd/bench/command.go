package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// orders are what a run does beside measuring.
type orders struct {
	only, metering          string
	record, check, document bool
	parts                   []part
}

// parse reads the arguments into the bench and the orders.
func (b *bench) parse(args []string) (o orders, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(b.log)
	f.StringVar(&b.root, "root", ".", "folder of the repository, built by make")
	f.DurationVar(&b.seconds, "round", 4*time.Second, "length of one round of load")
	seconds := f.Int("seconds", 0, "the same in seconds")
	f.IntVar(&b.rounds, "rounds", 3, "rounds of each side, in turns; the medians count")
	f.IntVar(&b.inFlight, "in-flight", 10_000, "requests that wait for the slow upstream at the same time")
	f.IntVar(&b.rows, "rows", 1_000_000, "journal rows that the reports are read from")
	f.IntVar(&b.upgradeCount, "upgrades", 1000, "upgrades of a plugin under load")
	parts := b.parts()
	f.StringVar(&o.only, "only", "", "comma-separated parts to run: "+names(parts)+"; empty runs all but profile")
	f.StringVar(&o.metering, "metering", "", "output of `go test -bench BenchmarkOverhead ./core/internal/wasm/meter`")
	f.BoolVar(&o.record, "record", false, "write the ratios of this run to "+ratiosPath)
	f.BoolVar(&o.check, "check", false, "compare with the ratios in "+ratiosPath+" instead of with the goals")
	f.BoolVar(&o.document, "document", false, "write the figures of this run into "+documentPath)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if *seconds > 0 {
		b.seconds = time.Duration(*seconds) * time.Second
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	case b.seconds < time.Second || b.rounds < 1 || b.inFlight < 1 || b.rows < 1 || b.upgradeCount < 1:
		return o, errors.New("a round takes a second at least, and there is one of everything at least")
	case o.record && o.check:
		return o, errors.New("--record and --check exclude each other: the run would be compared with itself")
	}
	if o.parts, err = choose(parts, o.only); err != nil {
		return o, err
	}
	b.root, err = filepath.Abs(b.root)
	b.build = filepath.Join(b.root, "build")
	return o, err
}

// Files of the repository that a run may write.
const (
	ratiosPath   = "examples/bench/ratios.json"
	documentPath = "docs/performance.md"
)

// partMetering is read, not measured, so --only does not name it.
const partMetering = "metering"

var (
	errMissed     = errors.New("goals were missed or could not be judged")
	errRegression = errors.New("ratios are worse than the recorded ones, or were not measured")
)

func measureCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := &bench{log: stderr}
	o, err := b.parse(args)
	if err != nil {
		return err
	}
	var recorded *ratioFile
	if o.check { // before minutes are spent
		if recorded, err = readRatios(filepath.Join(b.root, ratiosPath)); err != nil {
			return fmt.Errorf("%w; `.ci/bench --record` makes it", err)
		}
	}
	if o.metering != "" {
		b.part = partMetering
		if err := b.readMetering(o.metering); err != nil {
			return err
		}
	}
	if b.busy, err = busyShare(ctx); err != nil {
		return err
	}
	if b.work, err = os.MkdirTemp("", "patchbay-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.work) }()
	ran, failed := b.measure(ctx, o)
	if err := b.print(stdout); err != nil {
		return err
	}
	if failed != nil {
		// A run with holes is neither recorded nor documented.
		return failed
	}
	if o.document {
		if err := b.writeDocument(filepath.Join(b.root, documentPath), ran); err != nil {
			return err
		}
	}
	switch {
	case o.record:
		if err := recordRatios(filepath.Join(b.root, ratiosPath), b.busy, b.figures, ran); err != nil {
			return err
		}
	case o.check:
		text, bad := checkRatios(recorded, b.figures, ran)
		if _, err := io.WriteString(stdout, "\n"+text); err != nil {
			return err
		}
		if bad > 0 {
			return fmt.Errorf("%d %w", bad, errRegression)
		}
		return nil
	}
	return b.verdict()
}

// measure runs the parts. One that fails does not keep the others from running:
// they are worth their figures all the same.
func (b *bench) measure(ctx context.Context, o orders) (ran []part, err error) {
	if o.metering != "" {
		ran = append(ran, part{name: partMetering})
	}
	for _, p := range o.parts {
		_, _ = fmt.Fprintln(b.log, "measuring", p.name)
		b.part = p.name
		if failed := p.run(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, failed))
			continue
		}
		ran = append(ran, p)
	}
	return ran, err
}

// print writes all the tables and the figures below them.
func (b *bench) print(w io.Writer) error {
	if _, err := io.WriteString(w, machine()+"\n"+b.conditions()+"\n\n"); err != nil {
		return err
	}
	for _, t := range b.tables {
		if _, err := io.WriteString(w, t.text+"\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, table(b.figures))
	return err
}

// verdict is an error when a goal was missed.
func (b *bench) verdict() error {
	missed := 0
	for i := range b.figures {
		if f := &b.figures[i]; f.hasGoal && !f.ok() {
			missed++
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d %w", missed, errMissed)
	}
	return nil
}
