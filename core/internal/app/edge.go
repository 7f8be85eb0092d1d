package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/edge"
)

// certificateEvery is the pause between looks at the files of the certificate.
const certificateEvery = 10 * time.Second

// openCertificates reads the certificate, so that a wrong one is told before
// anything else is opened.
func (a *App) openCertificates() (err error) {
	if t := a.config().Gateway.TLS; t != nil {
		a.certificates, err = edge.LoadCertificates(certificateFiles(t), t.MinVersion)
	}
	return err
}

func certificateFiles(t *config.TLS) edge.Files {
	return edge.Files{Certificate: t.Certificate, Key: t.Key}
}

// listen opens the gateway's address.
func (a *App) listen() (*edge.Listener, error) {
	g := a.config().Gateway
	inner, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", g.Listen, err)
	}
	o := edge.Options{
		Limits: a.connectionLimits(g), HeadTime: g.Connections.HeadTime, ReadTime: g.Connections.ReadTime,
		Log: a.log.Named("edge"), Descriptors: a.descriptors,
	}
	if a.certificates != nil {
		o.TLS = a.certificates.Config()
	}
	return edge.Listen(inner, o), nil
}

// connectionLimits does not count proxies and the machine itself by address: they
// bring the requests of many. Unless somebody chose the number of all, a quarter of the
// descriptors stays for the upstreams that callers wait for.
func (a *App) connectionLimits(g config.Gateway) edge.Limits {
	l := edge.Limits{Total: g.Connections.Total, PerAddress: g.Connections.PerAddress, Exempt: append([]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8), netip.PrefixFrom(netip.IPv6Loopback(), 128),
	}, g.TrustedProxies...)}
	if l.Total == 0 {
		l.Total = a.descriptors.Size() / 4 * 3
	}
	return l
}

// Bounds of the end once requests were cut.
const (
	cutHandlers = time.Second     // for their handlers
	cutRelease  = 5 * time.Second // for everything else
)

// Hurry makes a shutdown that goes on end at once: requests in flight are cut, and
// Run returns though not everything may be closed. Journal and store survive that as
// they survive a crash.
func (a *App) Hurry() { a.hurryOnce.Do(func() { close(a.hurry) }) }

// drain ends what is served: first /readyz says so, then nothing more is accepted,
// then requests in flight have their time, then they are cut. cut reports whether
// that came to pass.
func (a *App) drain(ctx context.Context, l *edge.Listener, served <-chan error) (cut bool, err error) {
	d := a.config().Gateway.Drain
	a.log.Info("shutting down", "notice", d.Notice, "drain", d.Time, "connections", l.Stats().Open)
	a.server.Retire()
	a.desk.end()
	select {
	case <-time.After(d.Notice):
	case <-a.hurry:
	}
	err = errors.Join(l.Drain(), <-served)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Time)
	defer cancel()
	go func() {
		select {
		case <-a.hurry:
			cancel()
		case <-end.Done():
		}
	}()
	if l.Wait(end) != nil {
		for _, c := range l.CutAll() {
			cut = true
			a.log.Warn("a request was cut: it did not end within the time to drain", "address", c.Address, "request_line", c.Request, "since", c.Since.Round(time.Millisecond))
		}
	}
	patience, stop := context.WithTimeout(context.WithoutCancel(ctx), cutHandlers)
	defer stop()
	if fault := a.server.Shutdown(patience); fault != nil && !cut {
		err = errors.Join(err, fault)
	}
	return cut, err
}

// leave releases everything, in its own time unless requests were cut or somebody is
// in a hurry: then what they hold is not waited for any longer than briefly.
func (a *App) leave(ctx context.Context, cut bool) error {
	done := make(chan error, 1)
	go func() { done <- a.release(context.WithoutCancel(ctx)) }()
	var soon <-chan time.Time
	if cut {
		soon = time.After(cutRelease)
	}
	select {
	case err := <-done:
		return err
	case <-soon:
	case <-a.hurry:
		select {
		case err := <-done:
			return err
		case <-time.After(cutHandlers):
		}
	}
	return errors.New("ended at once, before everything was closed; the journal and the store are read again at the next start")
}
