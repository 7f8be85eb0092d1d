package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// maxSocketPath is what every system takes as the path of a unix socket: Linux
// has room for 107 bytes, macOS and the BSDs for 103.
const maxSocketPath = 103

// controlStop bounds the end of the control server.
const controlStop = 5 * time.Second

// ControlSocket is where a gateway with this data folder listens for the local
// administrator.
func ControlSocket(data string) string { return filepath.Join(data, "control.sock") }

// startControl serves the administration API on the control socket. Without it
// the gateway serves all the same, so what is wrong is only logged. stop ends it
// and removes the socket.
func (a *App) startControl() (stop func()) {
	path := ControlSocket(a.config().Gateway.Data)
	l, err := listenControl(path)
	if err != nil {
		a.log.Warn("no control socket: `patchbay user` works only while the gateway is stopped", "path", path, "reason", err)
		return func() {}
	}
	control := admin.NewControl(a.newAdmin(false))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := control.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
			a.log.Error("control socket", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), controlStop)
		defer cancel()
		if err := control.Shutdown(ctx); err != nil {
			a.log.Warn("control socket", "error", err)
		}
		_ = l.Close() // does nothing when the server has closed it; ends Serve when it had not begun
		<-ended
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			a.log.Warn("control socket", "error", err)
		}
	}
}

// listenControl binds the socket where nobody else can reach it, restricts it to
// its owner, and only then moves it to its place. A file that is there already is
// a stopped gateway's: the store's lock keeps a second one away.
func listenControl(path string) (net.Listener, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), ".c")
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // empty by then, or useless
	bound := filepath.Join(folder, "s")
	if n := max(len(path), len(bound)); n > maxSocketPath {
		return nil, fmt.Errorf("its path has %d bytes and a unix socket takes %d; choose a data folder with a shorter path", n, maxSocketPath)
	}
	l, err := net.Listen("unix", bound)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // it would remove the wrong name
	if err := os.Chmod(bound, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	if err := os.Rename(bound, path); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return l, nil
}

// Offline is the data of a gateway that does not run, opened to manage its users.
type Offline struct {
	app     *App
	control *admin.Control
	dial    func() (net.Conn, error)
}

// OpenOffline opens the data. The caller closes it.
//
// # Errors
//
// [store.ErrLocked] when another process has it open.
func OpenOffline(ctx context.Context, cfg *config.Config, log hclog.Logger) (*Offline, error) {
	a := &App{cfg: cfg, log: log, registry: registry.New()}
	if err := os.MkdirAll(cfg.Gateway.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := a.openData(ctx); err != nil {
		return nil, errors.Join(err, a.release(context.WithoutCancel(ctx)))
	}
	control := admin.NewControl(a.newAdmin(true))
	return &Offline{app: a, control: control, dial: control.Within()}, nil
}

// Dial opens a connection to the administration API of the data's users.
func (o *Offline) Dial() (net.Conn, error) { return o.dial() }

// FirstPassword is as for [App.FirstPassword].
func (o *Offline) FirstPassword() string { return o.app.FirstPassword() }

// Close ends the API and closes the data.
func (o *Offline) Close(ctx context.Context) error {
	end, cancel := context.WithTimeout(ctx, controlStop)
	defer cancel()
	return errors.Join(o.control.Shutdown(end), o.app.release(ctx))
}
