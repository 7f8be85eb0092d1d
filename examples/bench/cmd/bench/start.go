package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	goalStart   = 1.5 // s
	goalIdle    = 150 // MB with every plugin warm
	goalDefault = 80  // MB with those of gateway.hcl
	starts      = 5
)

// start measures the time from exec until everything is warm, with the machine
// code of all plugins in the cache.
func (b *bench) start(ctx context.Context) error {
	if err := b.sizes(); err != nil {
		return err
	}
	at, err := b.fill(ctx, "start", 0)
	if err != nil {
		return err
	}
	configured, missing, err := b.configured()
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		b.note("plugins that start.hcl leaves out", "%s", strings.Join(missing, ", "))
	}
	var took []float64
	for i := range starts + 1 {
		p, err := b.gateway(ctx, "start.hcl", at, "127.0.0.1:9")
		if err != nil {
			return err
		}
		passed := time.Since(p.began).Seconds()
		if i == 0 {
			b.note("start with an empty compile cache", "%.1f s", passed)
		} else {
			took = append(took, passed)
		}
		if i == starts {
			pause(ctx, 2*time.Second)
			peak, now, err := p.memory()
			if err != nil {
				_ = p.stop()
				return err
			}
			b.atMost("memory, idle", float64(now)/1e6, goalIdle, " MB", "with %d plugins warm (peak of the start %.0f MB)", configured, float64(peak)/1e6)
		}
		if err := p.stop(); err != nil {
			return err
		}
	}
	if err := b.defaultSet(ctx); err != nil {
		return err
	}
	b.atMost("warm start", median(took), goalStart, "s", "from exec to ready with %d plugins, median of %d", configured, starts)
	return nil
}

// configured counts the built plugins that start.hcl configures and names the
// others.
func (b *bench) configured() (n int, missing []string, err error) {
	files, err := filepath.Glob(filepath.Join(b.program("plugins"), "*.wasm"))
	if err != nil {
		return 0, nil, err
	}
	text, err := os.ReadFile(filepath.Join(b.root, "examples/bench/start.hcl"))
	if err != nil {
		return 0, nil, err
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".wasm")
		if strings.Contains(string(text), fmt.Sprintf("%q", id)) {
			n++
		} else {
			missing = append(missing, id)
		}
	}
	return n, missing, nil
}

// defaultSet measures what the gateway.hcl of the repository needs, when it has been
// left alone.
func (b *bench) defaultSet(ctx context.Context) error {
	at, err := b.fill(ctx, "default", 0)
	if err != nil {
		return err
	}
	p, err := launch(ctx, nil, b.program("patchbay"), "serve", "--config", filepath.Join(b.root, "gateway.hcl"), "--data", at.dir, "--listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := p.ready(ctx); err != nil {
		_ = p.stop()
		return err
	}
	pause(ctx, 2*time.Second)
	peak, now, err := p.memory()
	if err != nil {
		_ = p.stop()
		return err
	}
	b.atMost("memory, idle, default set", float64(now)/1e6, goalDefault, " MB", "with the plugins of gateway.hcl warm (peak of the start %.0f MB)", float64(peak)/1e6)
	return p.stop()
}
