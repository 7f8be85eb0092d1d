package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// sandbox is the stand-in world as a process.
type sandbox struct {
	chaos      *chaos
	process    *program.Program
	esl, http  string // addresses
	recordings string
	args       []string
}

func (c *chaos) newSandbox(ctx context.Context, dir string, args ...string) (*sandbox, error) {
	s := &sandbox{chaos: c, recordings: filepath.Join(dir, "recordings"), args: args}
	var err error
	if s.esl, err = program.FreeAddress(); err != nil {
		return nil, err
	}
	if s.http, err = program.FreeAddress(); err != nil {
		return nil, err
	}
	return s, s.start(ctx)
}

// start starts the sandbox, or a killed one again at the same addresses.
func (s *sandbox) start(ctx context.Context) error {
	var err error
	s.process, err = program.Sandbox{Binary: s.chaos.built("sandbox"), ESL: s.esl, HTTP: s.http, Recordings: s.recordings, Args: s.args}.Start(ctx)
	return err
}

// message is an SMS that the aggregator read.
type message struct {
	ID, To, From, Text string
	Accepted           bool
}

// call is a leg that FreeSWITCH dialled.
type call struct{ UUID, Command, Destination string }

// history reads a list that the sandbox keeps.
func history[T any](ctx context.Context, s *sandbox, path string) ([]T, error) {
	client := newClient()
	defer client.CloseIdleConnections()
	a, err := do(ctx, client, "GET", "http://"+s.http+path, "")
	if err != nil {
		return nil, fmt.Errorf("the sandbox: %w", err)
	}
	var list []T
	return list, json.Unmarshal([]byte(a.body), &list)
}

func (s *sandbox) messages(ctx context.Context) ([]message, error) {
	return history[message](ctx, s, "/sms/messages")
}

func (s *sandbox) calls(ctx context.Context) ([]call, error) {
	return history[call](ctx, s, "/calls")
}

// api runs one command on the event socket itself, past the gateway.
func (s *sandbox) api(ctx context.Context, command string) (string, error) {
	var d net.Dialer
	socket, err := d.DialContext(ctx, "tcp", s.esl)
	if err != nil {
		return "", err
	}
	defer socket.Close()
	if err := socket.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	reader := textproto.NewReader(bufio.NewReader(socket))
	if _, err := reader.ReadMIMEHeader(); err != nil { // auth/request
		return "", err
	}
	if _, err := io.WriteString(socket, "auth ClueCon\n\n"); err != nil {
		return "", err
	}
	if _, err := reader.ReadMIMEHeader(); err != nil { // +OK accepted
		return "", err
	}
	if _, err := io.WriteString(socket, "api "+command+"\n\n"); err != nil {
		return "", err
	}
	head, err := reader.ReadMIMEHeader()
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(head.Get("Content-Length"))
	if err != nil {
		return "", fmt.Errorf("answer of %q: %w", command, err)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(reader.R, body); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(body)), nil
}
