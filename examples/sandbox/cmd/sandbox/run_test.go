package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"--esl", "127.0.0.1:0", "--http", "127.0.0.1:0", "--gateway", "http://127.0.0.1:1", "--recordings", dir, "--speed", "100"}, writer, &stderr)
	}()
	lines := bufio.NewScanner(reader)
	for _, want := range []string{"esl", "http", "recordings"} {
		if !lines.Scan() {
			t.Fatalf("no line for %s: %s", want, stderr.String())
		}
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name != want {
			t.Fatalf("%q", lines.Text())
		}
		if name == "recordings" {
			if value != dir {
				t.Errorf("recordings in %s", value)
			}
			continue
		}
		socket, err := net.Dial("tcp", value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = socket.Close()
	}
	cancel()
	if got := <-code; got != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, %s", got, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "87e64143-758c-4f9b-b990-e06613a3d7d2.wav")); err != nil {
		t.Errorf("a given recordings directory was removed: %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		code int
		text string
	}{
		"unknown flag": {[]string{"--nosuch"}, 2, "nosuch"}, "argument": {[]string{"x"}, 2, "unexpected argument"},
		"encoding": {[]string{"--cdr-encoding", "x", "--esl", "127.0.0.1:0", "--http", "127.0.0.1:0"}, 1, "unknown encoding"},
		"address":  {[]string{"--esl", "nowhere", "--http", "127.0.0.1:0"}, 1, "nowhere"}, "help": {[]string{"--help"}, 0, "-cdr-url"},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), tt.args, io.Discard, &stderr); code != tt.code || !strings.Contains(stderr.String(), tt.text) {
			t.Errorf("%s: %d %s", name, code, stderr.String())
		}
	}
}
