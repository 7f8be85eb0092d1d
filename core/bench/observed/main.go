// Command observed is the gateway with a probe: the same parts, started the same
// way, and commands on standard input that count and profile what it does. The
// gateway itself has no such door.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/bench/probe"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
)

// profileRate is how many bytes are allocated for each sample of the allocation
// profile: finer than usual, still too seldom to slow anything down.
const profileRate = 64 << 10

func main() {
	runtime.MemProfileRate = profileRate
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := flag.NewFlagSet("observed", flag.ContinueOnError)
	f.SetOutput(stderr)
	path := f.String("config", "", "configuration file of the gateway")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *path == "" || f.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "observed: --config is needed, and nothing else")
		return 2
	}
	if err := serve(ctx, *path, stdin, stdout, stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "observed:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, path string, stdin io.Reader, stdout, stderr io.Writer) error {
	cfg, diagnostics := config.Load(path)
	for _, d := range diagnostics {
		_, _ = fmt.Fprintln(stderr, d)
	}
	if diagnostics.HasErrors() {
		return fmt.Errorf("%s has mistakes", path)
	}
	log, err := logging.New(logging.Options{Level: cfg.Gateway.Log.Level, Format: cfg.Gateway.Log.Format, Output: stderr})
	if err != nil {
		return err
	}
	gateway, err := app.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	go func() {
		// It ends with the input, which the benchmark closes, or with the process.
		if err := probe.Serve(stdin, stdout); err != nil {
			log.Error("probe", "error", err)
		}
	}()
	return gateway.Run(ctx, func(a net.Addr) { _, _ = fmt.Fprintf(stdout, "observed listens on %s\n", a) })
}
