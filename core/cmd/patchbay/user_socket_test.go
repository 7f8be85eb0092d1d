package main

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/app"
)

// await waits until something that has to happen has happened.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

func TestControlSocket(t *testing.T) {
	s := newShell(t, shortFolder(t))
	socket := app.ControlSocket(s.data)

	// A gateway that was killed leaves its socket behind.
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	stale, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if out := s.good("", "list"); !strings.Contains(out, "admin") {
		t.Errorf("beside a stale socket: %s", out)
	}

	_, stop := s.serve(nil)
	info, err := os.Lstat(socket)
	if err != nil || info.Mode().Type() != fs.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", info, err)
	}
	s.good("", "add", "while-running")
	stop()
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket is still there")
	}
	if left, _ := filepath.Glob(filepath.Join(s.data, ".c*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if out := s.good("", "list"); !strings.Contains(out, "while-running") {
		t.Errorf("after the end: %s", out)
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestControlSocketPathTooLong(t *testing.T) {
	s := newShell(t, filepath.Join(t.TempDir(), strings.Repeat("long-", 20), "data"))
	log := new(lines)
	base, _ := s.serve(hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Warn}))
	await(t, func() bool { return strings.Contains(log.String(), "no control socket") })
	if !strings.Contains(log.String(), "shorter path") || base == "" {
		t.Errorf("log: %s", log)
	}
	s.bad(exitFault, "a gateway uses", "list")
}

func TestUserWithoutData(t *testing.T) {
	s := newShell(t, shortFolder(t))
	s.bad(exitFault, "there is no data folder", "list")
	if _, err := os.Stat(s.data); err == nil {
		t.Error("list made a data folder")
	}
	code, out, errs := s.user("", "add", "first", "--password", "first-password")
	if code != exitOK || out != "User first is added.\n" || !strings.Contains(errs, "user admin with password ") {
		t.Errorf("add into a new folder: %d %s%s", code, out, errs)
	}
	// --data wins over the file.
	other := filepath.Join(t.TempDir(), "other")
	s.bad(exitFault, other, "list", "--data", other)
}
