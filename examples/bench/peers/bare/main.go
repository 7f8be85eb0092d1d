// Command bare is Fiber with a handler that does nothing: what it allocates for a
// request, no gateway on Fiber can do without.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/bench/probe"
)

func main() { os.Exit(run(os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit code.
func run(stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, stdin, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "bare:", err)
		return 1
	}
	return 0
}

// serve answers everything until ctx ends, with the settings of the gateway's server.
func serve(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, BodyLimit: 1 << 20, ReadBufferSize: 8 << 10, CaseSensitive: true, ReduceMemoryUsage: true,
		ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	})
	answer := []byte(`{"phone":"+79190000000","country":"7","encoding":"ucs2","segments":1}`)
	app.Post("/:module/:action", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
		c.Response().SetBodyRaw(answer)
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(l) }()
	probed := make(chan error, 1)
	go func() { probed <- probe.Serve(stdin, stdout) }() // ends with the input or the process
	_, _ = fmt.Fprintf(stdout, "bare listens on %s\n", l.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	const shutdown = 10 * time.Second
	err = errors.Join(app.ShutdownWithTimeout(shutdown), <-served)
	select {
	case failed := <-probed:
		return errors.Join(err, failed)
	default:
		return err
	}
}
