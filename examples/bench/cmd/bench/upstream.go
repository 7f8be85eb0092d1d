package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// upstream is the system that forward posts to: it answers every request after a
// delay. It runs in a process of its own, so that its memory and its descriptors
// count for nobody else.
type upstream struct {
	delay         time.Duration
	waiting, peak atomic.Int64
}

func upstreamCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	u := &upstream{}
	f := flag.NewFlagSet("bench upstream", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.DurationVar(&u.delay, "delay", 0, "time until the answer")
	if err := f.Parse(args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	_, _ = fmt.Fprintf(stdout, "upstream listens on %s\n", l.Addr())
	return u.serve(l)
}

func (u *upstream) serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = c.Close() }()
			_ = u.answer(c) // the caller went away
		}()
	}
}

// What it answers: a text, and to /sms what an aggregator says in JSON.
const (
	accepted    = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\naccepted"
	acceptedSMS = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"id\":\"m-1\"}"
)

// told answers GET /peak, how many requests waited at the same time at most, and GET
// /waiting, how many wait now.
func (u *upstream) told(line string) (n int64, ok bool) {
	switch {
	case strings.HasPrefix(line, "GET /peak "):
		return u.peak.Load(), true
	case strings.HasPrefix(line, "GET /waiting "):
		return u.waiting.Load(), true
	}
	return 0, false
}

// answer serves one connection until it ends.
func (u *upstream) answer(c net.Conn) error {
	in := bufio.NewReaderSize(c, 1<<10)
	for {
		line, size, err := head(in)
		if err != nil {
			return err
		}
		if _, err := in.Discard(size); err != nil {
			return err
		}
		reply := accepted
		if n, ok := u.told(line); ok {
			text := strconv.FormatInt(n, 10)
			reply = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		} else {
			if strings.HasPrefix(line, "POST /sms ") {
				reply = acceptedSMS
			}
			if u.delay > 0 {
				u.wait()
			}
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return err
		}
	}
}

func (u *upstream) wait() {
	n := u.waiting.Add(1)
	for peak := u.peak.Load(); n > peak && !u.peak.CompareAndSwap(peak, n); peak = u.peak.Load() {
	}
	time.Sleep(u.delay)
	u.waiting.Add(-1)
}

// head reads a request up to its body and returns its first line and the size of
// the body.
func head(in *bufio.Reader) (line string, size int, err error) {
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return "", 0, err
		}
		text = strings.TrimRight(text, "\r\n")
		if text == "" {
			return line, size, nil
		}
		if line == "" {
			line = text
		}
		if name, value, ok := strings.Cut(text, ":"); ok && strings.EqualFold(name, "content-length") {
			if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || size < 0 {
				return "", 0, fmt.Errorf("content length %q", value)
			}
		}
	}
}
