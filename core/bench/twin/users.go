package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// peerUsers is how many users call while peers are compared, each with a token.
const peerUsers = 1000

// The right to do what peers do, and another one.
var (
	peerRights  = []string{"bench.estimate", "bench.submit"}
	otherRights = []string{"bench.echo"}
)

// cheap passwords: nobody logs in with them, and a thousand hashes of production
// strength take a minute.
var cheap = auth.Argon2{MemoryKiB: 64, Time: 1, Parallelism: 1}

// fillUsers creates the users of the peers and writes them to a file for those
// that have no store: a line for each with token, login, status and rights. The
// last two may not do what is measured: one lacks the right, one is blocked.
func fillUsers(ctx context.Context, dir, file string) (err error) {
	s, err := store.Open(store.Options{Dir: filepath.Join(dir, "store"), Logger: hclog.NewNullLogger()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stored, err := openUsers(s, dir)
	if err != nil {
		return err
	}
	users, err := auth.Open(ctx, stored, auth.Options{Argon2: cheap})
	if err != nil {
		return err
	}
	var lines strings.Builder
	for i := range peerUsers + 2 {
		u := auth.User{Login: fmt.Sprintf("caller-%04d", i+1), Role: auth.RoleIntegrator, Rights: peerRights}
		status := auth.StatusActive
		switch i {
		case peerUsers:
			u.Rights = otherRights
		case peerUsers + 1:
			status = auth.StatusBlocked
		}
		token, err := addUser(ctx, users, u, status)
		if err != nil {
			return fmt.Errorf("user %s: %w", u.Login, err)
		}
		_, _ = fmt.Fprintf(&lines, "%s\t%s\t%d\t%s\n", token, u.Login, status, strings.Join(u.Rights, ","))
	}
	return os.WriteFile(file, []byte(lines.String()), 0o600)
}

// addUser creates a user with a token; one that shall be blocked gets it before.
func addUser(ctx context.Context, users *auth.Authority, u auth.User, status auth.Status) (token string, err error) {
	created, err := users.Create(ctx, u, "bench-password-1")
	if err != nil {
		return "", err
	}
	issued, err := users.Issue(ctx, u.Login, auth.TokenOptions{Label: "benchmark"})
	if err != nil {
		return "", err
	}
	if status != created.Status {
		_, err = users.Update(ctx, u.Login, created.Version, func(u *auth.User) error { u.Status = status; return nil })
	}
	return issued.Token, err
}
