// Command native is the limit of the benchmark: the same pipeline with the work
// compiled in. Nothing is switched on or off, upgraded or fenced in it.
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

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := pipeline.Options{Name: "native"}
	f := flag.NewFlagSet("native", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address to serve on")
	f.StringVar(&o.Data, "data", "", "folder of the journal")
	f.StringVar(&o.Users, "users", "", "file of users, written by `twin fill --users`")
	upstream := f.String("upstream", "", "host:port that submit posts to")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if o.Data == "" || o.Users == "" || *upstream == "" || f.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "native: --data, --users and --upstream are needed, and nothing else")
		return 2
	}
	o.Engine = newEngine(*upstream)
	if err := pipeline.Serve(ctx, o, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "native:", err)
		return 1
	}
	return 0
}
