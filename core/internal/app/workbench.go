package app

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// What `patchbay plugin run` needs beside an ordinary gateway.

// Observe lets f watch every task of every plugin: see [wasm.Spec]. Call it before
// Run.
func (a *App) Observe(f func(wasm.Event)) { a.trace = f }

// IntegratorToken makes a token with the right to every action, for the user
// login, who is created when there is no such user.
func (a *App) IntegratorToken(ctx context.Context, login string) (string, error) {
	if _, err := a.auth.User(login); err != nil {
		u := auth.User{Login: login, Role: auth.RoleIntegrator, Rights: []string{"*"}}
		if _, err := a.auth.Create(ctx, u, rand.Text()); err != nil { // nobody logs in with it
			return "", fmt.Errorf("user %s: %w", login, err)
		}
	}
	issued, err := a.auth.Issue(ctx, login, auth.TokenOptions{Label: "plugin run"})
	if err != nil {
		return "", fmt.Errorf("token of %s: %w", login, err)
	}
	return issued.Token, nil
}

// Instances tells how every configured plugin is doing, by name: "warm", or why it
// cannot serve.
func (a *App) Instances() map[string]string {
	all := map[string]string{}
	for _, u := range a.configured() {
		switch {
		case u.fault != "":
			all[u.name] = u.fault
		case u.instance != nil:
			status := u.instance.Status()
			all[u.name] = string(status.State)
			if status.Reason != "" {
				all[u.name] += ": " + status.Reason
			}
		}
	}
	return all
}
