// Command guests measures what guests of several languages cost on the engine of
// production, in one process and in turns:
//
//	guests Go=echo.wasm,provider.wasm Rust=echo.wasm,provider.wasm
//
// Each language brings two packed plugins: its guest of the conformance kit and the
// SMS provider that `patchbay plugin new` writes. It prints the figures as JSON; what
// they mean is said in [Figures].
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
	"strings"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = "usage: guests [--rounds N] [--calls N] LANGUAGE=CONFORMANCE.wasm,PROVIDER.wasm …\n"

var errUsage = errors.New("usage")

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := measureCommand(ctx, args, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	_, _ = fmt.Fprintln(stderr, "guests:", err)
	return 1
}

func measureCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("guests", flag.ContinueOnError)
	f.SetOutput(stderr)
	rounds := f.Int("rounds", 5, "how often each figure is taken; the smallest counts")
	calls := f.Int("calls", 1000, "calls of one round")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() == 0 || *rounds < 1 || *calls < 1 {
		return errUsage
	}
	var all []*subject
	for _, arg := range f.Args() {
		s, err := read(arg)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	if err := measure(ctx, all, *rounds, *calls); err != nil {
		return err
	}
	figures := make([]Figures, len(all))
	for i, s := range all {
		figures[i] = s.figures
	}
	w := json.NewEncoder(stdout)
	w.SetIndent("", "  ")
	return w.Encode(figures)
}

// read reads the two plugins of a language.
func read(arg string) (*subject, error) {
	language, files, _ := strings.Cut(arg, "=")
	conformance, provider, ok := strings.Cut(files, ",")
	if language == "" || conformance == "" || !ok || provider == "" {
		return nil, fmt.Errorf("%q: %w", arg, errUsage)
	}
	kit, err := plugin.Read(conformance)
	if err != nil {
		return nil, err
	}
	own, err := plugin.Read(provider)
	if err != nil {
		return nil, err
	}
	s := &subject{plugins: []*candidate{{pkg: kit, work: conformanceWork()}, {pkg: own, work: providerWork()}}}
	s.figures = Figures{Language: language, Calls: map[string]Call{}}
	return s, nil
}
