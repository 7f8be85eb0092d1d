// Command journal measures the journal at full size, in one process and without
// HTTP: it writes the records, reads pages of every kind of report, and removes
// old records while both go on. It prints one JSON object; the benchmark of
// examples/bench reads it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "journal:", err)
		stop()
		os.Exit(1)
	}
}

// wholeRun bounds everything.
const wholeRun = 9 * time.Minute

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("journal", flag.ContinueOnError)
	f.SetOutput(stderr)
	o := options{log: stderr}
	f.StringVar(&o.dir, "dir", "", "folder for the data; it must not exist yet, but with --filled")
	f.IntVar(&o.rows, "rows", 10_000_000, "requests in the journal; a thirtieth of that are SMS, a hundredth audit records")
	f.Int64Var(&o.cache, "cache", 0, "caches of the store in MiB; 0 is the store's default")
	f.IntVar(&o.appenders, "appenders", 256, "requests that are recorded at the same time")
	f.DurationVar(&o.calm, "calm", 4*time.Second, "how long appends and pages are watched, before and during retention")
	f.BoolVar(&o.filled, "filled", false, "the folder is an earlier run's, filled with as many rows; retention has not been over it")
	f.StringVar(&o.profile, "heap-profile", "", "file for a profile of the memory in use after filling")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.dir == "" || o.rows < 1000 || o.appenders < 1 || f.NArg() > 0 {
		return fmt.Errorf("want --dir FOLDER, --rows of at least 1000 and --appenders of at least 1")
	}
	if _, err := os.Stat(o.dir); (err == nil) != o.filled {
		return fmt.Errorf("%s is there %t, want %t", o.dir, err == nil, o.filled)
	}
	ctx, cancel := context.WithTimeout(ctx, wholeRun)
	defer cancel()
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	e := json.NewEncoder(stdout)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
