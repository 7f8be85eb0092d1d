package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// doctor says what is wrong with the data of a stopped gateway and how to go on.
func doctor(env *environment, args []string) error {
	f := env.flags("doctor")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	repair := f.Bool("repair", false, "put right what is safe, and keep a copy of what was there")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	cfg, err := env.load(*path, config.Override{Data: *data})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := app.Doctor{Config: cfg, Log: hclog.NewNullLogger(), Repair: *repair}
	found, err := d.Examine(ctx)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("a gateway runs on %s; stop it first, the doctor looks at data that nobody changes", cfg.Gateway.Data)
	}
	damaged := 0
	for _, x := range found {
		_, _ = fmt.Fprintf(env.stdout, "%-8s %s: %s\n", x.Severity, x.Where, x.What)
		if x.GoOn != "" {
			_, _ = fmt.Fprintf(env.stdout, "         → %s\n", x.GoOn)
		}
		if x.Severity == app.Damage {
			damaged++
		}
	}
	switch {
	case err != nil:
		return err
	case damaged > 0:
		return fmt.Errorf("%s: %d things are damaged", cfg.Gateway.Data, damaged)
	}
	_, err = fmt.Fprintf(env.stdout, "%s is in order.\n", cfg.Gateway.Data)
	return err
}
