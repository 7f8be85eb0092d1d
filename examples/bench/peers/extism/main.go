// Command extism is the pipeline of the peers with the work in a plugin of Extism,
// the framework for plugins in WebAssembly. It is a program of its own with its own
// dependencies, so that the gateway has none of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := pipeline.Options{Name: "extism"}
	var s settings
	f := flag.NewFlagSet("extism", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address to serve on")
	f.StringVar(&o.Data, "data", "", "folder of the journal")
	f.StringVar(&o.Users, "users", "", "file of users, written by `twin fill --users`")
	f.StringVar(&s.upstream, "upstream", "", "host:port that submit posts to")
	f.StringVar(&s.guest, "guest", "", "file of the guest")
	f.DurationVar(&s.timeout, "timeout", 30*time.Second, "Extism's time-out; 0 switches it off")
	f.BoolVar(&s.text, "text", false, "give the guest two lines of text instead of JSON")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if o.Data == "" || o.Users == "" || s.upstream == "" || s.guest == "" || s.timeout < 0 || f.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "extism: --data, --users, --upstream and --guest are needed, and no arguments")
		return 2
	}
	if err := serve(ctx, o, s, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "extism:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, o pipeline.Options, s settings, stdout io.Writer) (err error) {
	e, err := newEngine(context.WithoutCancel(ctx), s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close(context.WithoutCancel(ctx))) }()
	o.Engine = e
	return pipeline.Serve(ctx, o, stdout)
}
