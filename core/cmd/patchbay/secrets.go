package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// secrets has one verb: rotate replaces the key of the secrets in the store, of a
// running gateway through its control socket, of a stopped one in its data.
func secrets(env *environment, args []string) error {
	if len(args) == 0 || args[0] != "rotate" {
		_, _ = fmt.Fprintln(env.stderr, "usage: patchbay secrets rotate [--config FILE] [--data DIR]")
		return errUsage
	}
	f := env.flags("secrets rotate")
	o := &userFlags{set: f}
	f.StringVar(&o.config, "config", "", "configuration file; gateway.hcl in this folder when it is there")
	f.StringVar(&o.data, "data", "", "folder of the gateway's data, when it is not the configured one")
	if _, err := env.parse(f, args[1:]); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), documentTime)
	defer stop()
	client, err := openUsers(ctx, env, o, false)
	if err != nil {
		return err
	}
	var answer admin.Rotated
	_, err = client.do(http.MethodPost, "/secrets/rotate", nil, &answer)
	if closed := client.close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "%d secrets are sealed with a new key. Keep a copy of secret.key of the data folder apart from the backups;\nbackups from before need the copy of the old one.\n",
		answer.Sealed)
	return err
}
