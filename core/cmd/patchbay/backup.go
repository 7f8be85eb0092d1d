package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

// backup writes the data of the gateway, running or not, into a file.
func backup(env *environment, args []string) error {
	f := env.flags("backup")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	withKey := f.Bool("with-key", false, "put the key of the secrets (secret.key) into the file; whoever has both can read the secrets")
	rest, err := env.anywhere(f, args, "FILE|-")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := openUsers(ctx, env, &userFlags{config: *path, data: *data}, false)
	if err != nil {
		return err
	}
	defer func() { _ = client.close(context.WithoutCancel(ctx)) }() // only read
	if rest[0] == "-" {
		_, err := client.backup(env.stdout, *withKey)
		return err
	}
	size, err := intoFile(rest[0], func(w io.Writer) (int64, error) { return client.backup(w, *withKey) })
	if err != nil {
		return err
	}
	without := ""
	if !*withKey {
		without = "; keep secret.key in another place, it is not in this file"
	}
	_, err = fmt.Fprintf(env.stdout, "%s: %d bytes%s\n", rest[0], size, without)
	return err
}

// backup copies what the gateway sends and checks it on the way: an answer that
// was cut is an error.
func (c *userClient) backup(to io.Writer, withKey bool) (size int64, err error) {
	body, err := json.Marshal(map[string]bool{"with_key": withKey})
	if err != nil {
		return 0, err
	}
	q, err := http.NewRequestWithContext(c.ctx, http.MethodPost, "http://local"+admin.Prefix+"/backup", strings.NewReader(string(body)))
	if err != nil {
		return 0, fmt.Errorf("request: %w", err)
	}
	q.Header.Set("Content-Type", "application/json")
	r, err := c.http.Do(q)
	if err != nil {
		return 0, fmt.Errorf("control socket: %w", err)
	}
	defer func() { _ = r.Body.Close() }() // only read
	if r.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		if err != nil {
			return 0, fmt.Errorf("control socket: %w", err)
		}
		return 0, fmt.Errorf("the gateway refuses with status %d: %s", r.StatusCode, text)
	}
	count := &counter{to: to}
	if _, err := backupfile.Verify(io.TeeReader(r.Body, count)); err != nil {
		return 0, fmt.Errorf("what the gateway sent is not whole (its log says why): %w", err)
	}
	return count.n, nil
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// intoFile makes a new file that appears only when it is whole.
func intoFile(path string, write func(io.Writer) (int64, error)) (size int64, err error) {
	if _, err := os.Lstat(path); err == nil {
		return 0, fmt.Errorf("%s is there already", path)
	}
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-") // 0600
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	size, err = write(part)
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return 0, err
	}
	if err = os.Rename(part.Name(), path); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return size, nil
}

// restore makes a data folder of a backup.
func restore(env *environment, args []string) error {
	f := env.flags("restore")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "the folder to make, new or empty; the configured one when left out")
	rest, err := env.anywhere(f, args, "FILE")
	if err != nil {
		return err
	}
	cfg, err := env.load(*path, config.Override{Data: *data})
	if err != nil {
		return err
	}
	log, err := logging.New(logging.Options{Level: "error", Format: "text", Output: env.stderr})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	header, err := app.Restore(ctx, rest[0], cfg.Gateway.Data, log)
	if err != nil {
		return err
	}
	say := fmt.Sprintf("%s is restored as of %s, made by version %s.\n", cfg.Gateway.Data, header.Made.Local().Format("2006-01-02 15:04:05"), header.Version)
	if _, err := os.Stat(filepath.Join(cfg.Gateway.Data, "secret.key")); errors.Is(err, fs.ErrNotExist) && cfg.Gateway.SecretKey.IsZero() {
		say += "The key of the secrets is not in the backup: put secret.key into " + cfg.Gateway.Data + " (or set gateway.secret_key) before the gateway starts.\n"
	}
	_, err = io.WriteString(env.stdout, say)
	return err
}

// anywhere is parse for commands whose flags may stand behind their arguments.
func (env *environment) anywhere(f *flag.FlagSet, args []string, positional ...string) ([]string, error) {
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		name, _, joined := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		known := f.Lookup(name)
		switch {
		case args[i] == "-" || !strings.HasPrefix(args[i], "-"):
			rest = append(rest, args[i])
			continue
		case known != nil && !joined && !isSwitch(known) && i+1 < len(args):
			flags = append(flags, args[i])
			i++
		}
		flags = append(flags, args[i])
	}
	return env.parse(f, append(append(flags, "--"), rest...), positional...)
}

func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
