package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// reload makes the running gateway read its configuration again. The gateway reads
// the file that it was started with; --config only finds its data folder.
func reload(env *environment, args []string) error {
	f := env.flags("reload")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	client, done, err := env.reach(*path, *data)
	if err != nil {
		return err
	}
	defer done()
	var answer admin.Reloaded
	if _, err := client.do(http.MethodPost, "/reload", nil, &answer); err != nil {
		return env.refused(err)
	}
	if len(answer.Changed) == 0 {
		_, err = fmt.Fprintln(env.stdout, "Nothing has changed.")
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "In force: %s\n", strings.Join(answer.Changed, ", "))
	return err
}

// reach opens the control socket of the running gateway. With a data folder the file
// is not read: it may be what is wrong.
func (env *environment) reach(path, data string) (client *userClient, done func(), err error) {
	if data == "" {
		return env.gateway(path, data)
	}
	cfg, diagnostics := config.Default().With(config.Override{Data: data})
	if err := diagnostics.Err(); err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithTimeout(context.Background(), documentTime)
	if client, err = dialGateway(ctx, cfg); err != nil {
		stop()
		return nil, nil, err
	}
	return client, func() {
		client.http.CloseIdleConnections()
		stop()
	}, nil
}

// refused prints every mistake on a line of its own.
func (env *environment) refused(err error) error {
	fault, ok := errors.AsType[*apiError](err)
	if !ok || fault.status != http.StatusUnprocessableEntity {
		return err
	}
	for _, v := range fault.violations {
		_, _ = fmt.Fprintln(env.stderr, v.Message)
	}
	return fmt.Errorf("the new configuration is refused (%d mistakes), the old one stays in force", len(fault.violations))
}
