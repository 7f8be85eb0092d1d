package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// traefikSources are the folders of the repository that Traefik interprets.
var traefikSources = []string{"examples/bench/peers/traefik", "examples/bench/work"}

// traefik starts the peer in a folder of its own, with the sources of its plugin
// where it looks for them.
func (b *bench) traefik(ctx context.Context, at peerPlace) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(at.dir, 0o700); err != nil {
		return nil, err
	}
	words := strings.NewReplacer("ADDRESS", address, "FOLDER", at.dir, "USERS", at.users, "UPSTREAM", at.upstream)
	for _, name := range []string{"static.yml", "dynamic.yml"} {
		text, err := os.ReadFile(filepath.Join(b.root, traefikSources[0], name))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(at.dir, name), []byte(words.Replace(string(text))), 0o600); err != nil {
			return nil, err
		}
	}
	for _, source := range traefikSources {
		if err := b.interpretable(filepath.Join(at.dir, "plugins-local/src/github.com/patchbay-gw/patchbay", source), source); err != nil {
			return nil, err
		}
	}
	p, err := launchQuiet(ctx, address, at.dir, b.program("bench/traefik"), "--configFile="+filepath.Join(at.dir, "static.yml"))
	if err != nil {
		return nil, err
	}
	return p, p.interpreted(ctx)
}

// interpretable copies the sources of a package but for its tests.
func (b *bench) interpretable(folder, source string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(filepath.Join(b.root, source))
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(b.root, source, f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, f.Name()), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// interpreted waits until Traefik serves its routes: it listens before it has them.
func (p *process) interpreted(ctx context.Context) error {
	for end := time.Now().Add(listening); ; pause(ctx, 20*time.Millisecond) {
		c, err := dial(p.address)
		if err != nil {
			return errors.Join(err, p.stop())
		}
		a, err := c.do(request("POST", p.address, pathEstimate, "", ""), true)
		_ = c.Close()
		switch {
		case err != nil:
			return errors.Join(err, p.stop())
		case a.status != http.StatusNotFound:
			return nil
		case time.Now().After(end), ctx.Err() != nil:
			return errors.Join(errors.New("traefik does not serve the plugin: "+p.words.String()), ctx.Err(), p.stop())
		}
	}
}
