// Command twin is the other half of the benchmark: `twin fill` makes the data
// folders that are measured, and `twin serve` answers /bench/check and
// /bench/forward like the gateway with the plugin examples/bench/plugin, through
// the same server, users, journal and HTTP capability, but with the two actions
// written in Go and linked in. What a request costs more in the gateway than here
// is the price of WebAssembly.
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

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/bench/ledger"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: twin fill  --data DIR [--rows N] [--bad N] [--users FILE]
       twin count --data DIR
       twin serve --data DIR --manifest plugin.json --upstream URL [--listen HOST:PORT]
`

var errUsage = errors.New("usage")

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := errUsage
	if len(args) > 0 {
		switch args[0] {
		case "fill":
			err = fillCommand(ctx, args[1:], stdout, stderr)
		case "count":
			err = countCommand(ctx, args[1:], stdout, stderr)
		case "serve":
			err = serveCommand(ctx, args[1:], stdout, stderr)
		}
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	_, _ = fmt.Fprintln(stderr, "twin:", err)
	return 1
}

func flags(name string, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("twin "+name, flag.ContinueOnError)
	f.SetOutput(stderr)
	return f
}

func fillCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("fill", stderr)
	data := f.String("data", "", "data folder of a gateway that does not run")
	rows := f.Int("rows", 0, "records to write into the journal")
	bad := f.Int("bad", 20, "every so many records is a refused one")
	users := f.String("users", "", "file to write the thousand users of the peers to, who are created, too")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *data == "" || *rows < 0 || *bad < 1 || f.NArg() > 0 {
		return errUsage
	}
	token, err := fill(ctx, *data, *rows, *bad)
	if err != nil {
		return err
	}
	if *users != "" {
		if err := fillUsers(ctx, *data, *users); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(stdout, token)
	return err
}

func countCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	f := flags("count", stderr)
	data := f.String("data", "", "data folder of a gateway or peer that does not run")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *data == "" || f.NArg() > 0 {
		return errUsage
	}
	l, err := ledger.Open(ctx, *data, hclog.NewNullLogger())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	n, err := l.Recorded(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, n)
	return err
}

func serveCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("serve", stderr)
	o := options{}
	f.StringVar(&o.data, "data", "", "data folder, made by fill")
	f.StringVar(&o.manifest, "manifest", "", "plugin.json of the plugin that this is the twin of")
	f.StringVar(&o.upstream, "upstream", "", "URL that forward posts to")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to serve on")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.data == "" || o.manifest == "" || o.upstream == "" || f.NArg() > 0 {
		return errUsage
	}
	return serve(ctx, o, stdout, stderr)
}
