package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Files name a certificate chain and its private key, both PEM.
type Files struct{ Certificate, Key string }

// Certificates hold a certificate that can be replaced while connections use it.
// They are safe for concurrent use. Create them with [LoadCertificates].
type Certificates struct {
	minVersion atomic.Uint32
	current    atomic.Pointer[loaded]

	mu    sync.Mutex // one change at a time
	files Files
}

type loaded struct {
	pair   tls.Certificate
	stamps [2]stamp // of the files, before they were read
}

// stamp tells one state of a file from another.
type stamp struct {
	size    int64
	changed time.Time
}

// LoadCertificates reads the files. minVersion is a version of crypto/tls, 0 for TLS
// 1.2.
//
// # Errors
//
// Files that cannot be read, that are no certificate and key, or that do not belong
// together.
func LoadCertificates(files Files, minVersion uint16) (*Certificates, error) {
	c := &Certificates{}
	commit, err := c.Stage(files, minVersion)
	if err != nil {
		return nil, err
	}
	commit()
	return c, nil
}

// Stage reads other files; commit puts what was read into force.
//
// # Errors
//
// As for [LoadCertificates].
func (c *Certificates) Stage(files Files, minVersion uint16) (commit func(), err error) {
	next, err := read(files)
	if err != nil {
		return nil, err
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.files = files
		c.minVersion.Store(uint32(max(minVersion, tls.VersionTLS12)))
		c.current.Store(next)
	}, nil
}

// Refresh reads the files again when they have changed. On an error the old
// certificate stays in force.
func (c *Certificates) Refresh() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := stamps(c.files)
	if err != nil {
		return false, err
	}
	if now == c.current.Load().stamps {
		return false, nil
	}
	next, err := read(c.files)
	if err != nil {
		return false, err
	}
	c.current.Store(next)
	return true, nil
}

func stamps(files Files) (out [2]stamp, err error) {
	for i, name := range []string{files.Certificate, files.Key} {
		info, err := os.Stat(name)
		if err != nil {
			return out, fmt.Errorf("TLS certificate: %w", err)
		}
		out[i] = stamp{info.Size(), info.ModTime()}
	}
	return out, nil
}

func read(files Files) (*loaded, error) {
	before, err := stamps(files)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate %s with key %s: %w", files.Certificate, files.Key, err)
	}
	if pair.Leaf == nil {
		return nil, errors.New("TLS certificate: the chain has no leaf")
	}
	return &loaded{pair, before}, nil
}

// Expires is when the certificate in force ends.
func (c *Certificates) Expires() time.Time { return c.current.Load().pair.Leaf.NotAfter }

// suites are those of TLS 1.2 with forward secrecy and authenticated encryption;
// TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Config returns a configuration for HTTP/1.1 that follows the changes.
func (c *Certificates) Config() *tls.Config {
	base := func() *tls.Config {
		return &tls.Config{
			MinVersion: uint16(c.minVersion.Load()), CipherSuites: suites, NextProtos: []string{"http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &c.current.Load().pair, nil },
		}
	}
	config := base()
	// Only when the version was changed: a new configuration has keys of its own for
	// session tickets.
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if uint16(c.minVersion.Load()) == config.MinVersion {
			return nil, nil
		}
		return base(), nil
	}
	return config
}

// expiryNotice is how long before its end a certificate is called out.
const expiryNotice = 14 * 24 * time.Hour

// Watch looks at the files every so often until ctx ends, puts changed ones into
// force, and warns once a day when the certificate is about to end.
func (c *Certificates) Watch(ctx context.Context, every time.Duration, log hclog.Logger) {
	w := watcher{c: c, log: log}
	w.look(time.Now())
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			w.look(now)
		case <-ctx.Done():
			return
		}
	}
}

// watcher holds what one look needs from the last one.
type watcher struct {
	c      *Certificates
	log    hclog.Logger
	fault  string
	warned time.Time
}

func (w *watcher) look(now time.Time) {
	changed, err := w.c.Refresh()
	switch {
	case err != nil:
		// A new certificate whose key is not there yet is a fault until the next look.
		if text := err.Error(); text != w.fault {
			w.fault = text
			w.log.Error("the changed certificate is not taken; the old one stays in force", "error", err)
		}
	case changed:
		w.fault, w.warned = "", time.Time{}
		w.log.Info("a new certificate is in force", "expires", w.c.Expires().UTC().Format(time.RFC3339))
	default:
		w.fault = ""
	}
	left := w.c.Expires().Sub(now)
	if left > expiryNotice || now.Sub(w.warned) < 24*time.Hour {
		return
	}
	w.warned = now
	if left <= 0 {
		w.log.Error("the certificate has expired; clients refuse it", "expired", w.c.Expires().UTC().Format(time.RFC3339))
		return
	}
	w.log.Warn("the certificate expires soon", "expires", w.c.Expires().UTC().Format(time.RFC3339), "days", int(left.Hours()/24))
}
