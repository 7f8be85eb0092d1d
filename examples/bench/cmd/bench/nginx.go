package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// nginxModules is where Debian keeps what `load_module` names.
const nginxModules = "/usr/lib/nginx/modules"

// nginxFiles is enough for ten thousand callers and their upstream connections in one
// worker; nginx takes memory for each connection that it may have.
const nginxFiles = 20_000 + spareFiles

// nginxMissing says why the nginx peer cannot run here, "" when it can.
func nginxMissing() string {
	if _, err := exec.LookPath("nginx"); err != nil {
		return "nginx is not installed"
	}
	for _, file := range []string{filepath.Join(nginxModules, "ngx_http_lua_module.so"), filepath.Join(nginxModules, "ndk_http_module.so")} {
		if _, err := os.Stat(file); err != nil {
			return "libnginx-mod-http-lua is not installed"
		}
	}
	return ""
}

// nginxConfig fills the words in capitals of peers/nginx/nginx.conf.
func nginxConfig(text, peer, folder, users, upstream, address string) (string, error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return "", err
	}
	open := int(min(files.Max, nginxFiles))
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the folders of the benchmark are nobody else's
	}
	return strings.NewReplacer(
		"MODULES", nginxModules, "USERS", users, "USER", user, "FOLDER", folder, "PEER", peer, "UPSTREAM", upstream, "ADDRESS", address,
		"WORKERS", strconv.Itoa(runtime.NumCPU()), "FILES", strconv.Itoa(open), "CONNECTIONS", strconv.Itoa(open-spareFiles/3),
	).Replace(text), nil
}

// nginx starts the peer in a folder of its own.
func (b *bench) nginx(ctx context.Context, folder, users, upstream string) (*process, error) {
	peer := filepath.Join(b.root, "examples/bench/peers/nginx")
	text, err := os.ReadFile(filepath.Join(peer, "nginx.conf"))
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config, err := nginxConfig(string(text), peer, folder, users, upstream, address)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return launchQuiet(ctx, address, "", "nginx", "-p", folder, "-c", file)
}

// launchQuiet starts a program in a folder that does not say where it listens: it has been
// told, and is waited for. "" is the folder of the benchmark.
func launchQuiet(ctx context.Context, address, folder, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path), cmd: exec.CommandContext(ctx, path, args...), address: address, ended: make(chan error, 1), words: &tail{}}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = p.words, p.words, folder
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	return p, p.reachable(ctx)
}

// freeAddress is one that nobody listens on just now, for programs that cannot be
// asked which port they were given.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// reachable waits until a program accepts connections, and ends it when it does not.
func (p *process) reachable(ctx context.Context) error {
	for end := time.Now().Add(listening); ; {
		c, err := net.DialTimeout("tcp", p.address, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case ended := <-p.ended:
			return fmt.Errorf("%s ended at once: %w\n%s", p.name, errors.Join(ended, err), p.words)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), p.stop())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			return errors.Join(fmt.Errorf("%s does not listen after %s: %w", p.name, listening, err), p.stop())
		}
	}
}
