package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/internal/app"
)

// signals lets the operating system rule the gateway: SIGHUP reads the configuration
// again, SIGTERM and SIGINT end it when requests in flight have ended, a second one
// ends it at once.
type signals struct {
	gateway atomic.Pointer[app.App] // nil while it is built
	from    chan os.Signal
	done    chan struct{}
	reloads sync.WaitGroup
}

// follow begins; ctx ends with the first signal to stop. The caller calls end.
func follow(parent context.Context) (ctx context.Context, s *signals) {
	ctx, stop := context.WithCancel(parent)
	// Room for what comes while the gateway is built.
	s = &signals{from: make(chan os.Signal, 8), done: make(chan struct{})}
	signal.Notify(s.from, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		defer close(s.done)
		defer stop()
		s.run(ctx, stop)
	}()
	return ctx, s
}

func (s *signals) run(ctx context.Context, stop func()) {
	for sig := range s.from {
		gateway := s.gateway.Load()
		switch {
		case sig == syscall.SIGHUP && gateway != nil && ctx.Err() == nil:
			s.reloads.Go(func() { gateway.HangUp(ctx) })
		case sig == syscall.SIGHUP: // it has just read its configuration, or ends
		case ctx.Err() == nil:
			stop()
		case gateway != nil:
			gateway.Hurry()
		}
	}
}

// end gives the signals back.
func (s *signals) end() {
	signal.Stop(s.from)
	close(s.from)
	<-s.done
	s.reloads.Wait()
}
