package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/patchbay-gw/patchbay/examples/sandbox"
)

// run starts the world, prints where it listens and ends it with the context. It returns
// the exit code: 0 after a clean end, 1 if the world failed, 2 for wrong arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o sandbox.Options
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.ESL, "esl", "127.0.0.1:8021", "`address` of the event socket")
	flags.StringVar(&o.HTTP, "http", "127.0.0.1:8090", "`address` of the SMS, statistics and CRM servers")
	flags.StringVar(&o.Gateway, "gateway", "", "base `URL` of the gateway; a --cdr-url that begins with / is taken below it")
	flags.StringVar(&o.CDRURL, "cdr-url", "", "where call records are posted, none if empty")
	flags.StringVar(&o.CDREncoding, "cdr-encoding", "true", "true, false, base64, textxml or json")
	flags.StringVar(&o.CDRUser, "cdr-user", "", "user name for the CDR posts")
	flags.StringVar(&o.CDRPassword, "cdr-password", "", "password for the CDR posts")
	flags.StringVar(&o.Recordings, "recordings", "", "`directory` of recordings, a temporary one if empty")
	flags.StringVar(&o.Password, "password", "ClueCon", "event socket password")
	flags.Float64Var(&o.Speed, "speed", 1, "calls run this many times faster")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "sandbox: unexpected argument %q, every option begins with --\n", flags.Arg(0))
		return 2
	}
	world, err := sandbox.Start(o)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "esl %s\nhttp %s\nrecordings %s\n", world.ESLAddr(), world.HTTPAddr(), world.RecordingsDir())
	<-ctx.Done()
	if err := world.Close(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
