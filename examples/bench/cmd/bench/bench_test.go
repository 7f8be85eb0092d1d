package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"--round", "soon"}, {"--unknown"}, {"upstream", "--delay", "x"},
		{"--only", "crowd", "--metering", "/does/not/exist"}, {"--only", "none"}, {"--only", "crowd,"}, {"--upgrades", "many"},
	} {
		var out, words bytes.Buffer
		if code := run(args, &out, &words); code != 1 || words.Len() == 0 || out.Len() > 0 {
			t.Errorf("%q: exit code %d, says %q, prints %q", args, code, words.String(), out.String())
		}
	}
	if code := run([]string{"-h"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("help: exit code %d", code)
	}
}

func TestParseRatios(t *testing.T) {
	const text = "goos: linux\n" +
		"BenchmarkOverhead/hot-2   \t  10\t 0 ns/op\t 110 ns-metered\t 100 ns-plain\t 1.10 ratio\t 5 units\n" +
		"BenchmarkOverhead/parse-2 \t  10\t 0 ns/op\t 1.01 ratio\n" +
		"BenchmarkOverhead/hot-2 \t  10\t 0 ns/op\t 1.20 ratio\nPASS\n"
	got, err := parseRatios(text)
	want := map[string][]float64{"hot": {1.10, 1.20}, "parse": {1.01}}
	if err != nil || !maps.EqualFunc(got, want, slices.Equal[[]float64]) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "PASS\n", "BenchmarkX/a-2 1 x ratio\n"} {
		if _, err := parseRatios(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestTable(t *testing.T) {
	b := &bench{}
	b.note("only told", "%d things", 3)
	b.atMost("small enough", 1.2, 1.25, "×", "a")
	b.atMost("too large", 30, 20, "ms", "b")
	b.atLeast("too little", 0.5, 0.7, "×", "c")
	lines := strings.Split(strings.TrimRight(table(b.figures), "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, want := range []string{"GOAL", "3 things", "ok", "MISS", "MISS"} {
		if !strings.HasSuffix(strings.TrimRight(lines[i], " "), want) && !strings.Contains(lines[i], want) {
			t.Errorf("line %d has no %q: %s", i, want, lines[i])
		}
	}
	if strings.Contains(lines[1]+lines[2], "MISS") {
		t.Errorf("a met goal reads as missed:\n%s", strings.Join(lines, "\n"))
	}
}

func TestQuantiles(t *testing.T) {
	if median[float64](nil) != 0 || quantile(nil, 0.99) != 0 {
		t.Error("nothing measured is not 0")
	}
	if m := median([]float64{9, 1, 5}); m != 5 {
		t.Errorf("median %v", m)
	}
	if q := quantile([]time.Duration{1, 2, 3, 4}, 1); q != 4 {
		t.Errorf("highest %v", q)
	}
}

// FuzzRead feeds answers of a broken server to the load generator.
func FuzzRead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 405 Method Not Allowed\r\ncontent-length:0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 2x0 OK\r\nContent-Length: -1\r\n\r\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		c := &conn{in: bufio.NewReader(bytes.NewReader(in))}
		a, err := c.read(false)
		if err == nil && (a.size < 0 || a.size > len(in)) {
			t.Fatalf("accepted an answer of %d bytes out of %d", a.size, len(in))
		}
	})
}

// FuzzHead feeds requests of a broken gateway to the upstream.
func FuzzHead(f *testing.F) {
	f.Add("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("GET /peak HTTP/1.1\r\n\r\n")
	f.Add("x\r\nContent-Length: -1\r\n\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		if _, size, err := head(bufio.NewReader(strings.NewReader(in))); err == nil && size < 0 {
			t.Fatalf("accepted a size of %d", size)
		}
	})
}

// here starts an upstream inside the test and returns a process that stands for
// this one.
func here(t *testing.T, u *upstream) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- u.serve(l) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &process{name: "upstream", address: l.Addr().String(), words: &tail{}}
}

// TestStorm: every request of a crowd is answered, and the upstream counted them
// while they waited.
func TestStorm(t *testing.T) {
	const n = 40
	u := &upstream{delay: 300 * time.Millisecond}
	p := here(t, u)
	if err := storm(p, request("POST", p.address, "/", "", "hello"), n); err != nil {
		t.Fatal(err)
	}
	peak, err := askUpstream(p, "/peak")
	if err != nil || peak < 2 || peak > n {
		t.Errorf("%d waited together, %v", peak, err)
	}
	if left := u.waiting.Load(); left != 0 {
		t.Errorf("%d still wait", left)
	}
}

// answering is a gateway made of one function, which gets the first line of each
// request and its number, from 1, and returns status and body.
func answering(t *testing.T, answer func(line string, n int64) (status int, body string)) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var asked atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for {
					line, size, err := head(in)
					if err != nil {
						return
					}
					_, _ = in.Discard(size)
					status, body := answer(line, asked.Add(1))
					_, _ = fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
				}
			}()
		}
	}()
	return &process{name: "answering", address: l.Addr().String(), words: &tail{}}
}

// refusing answers every second request with 503.
func refusing(t *testing.T) *process {
	return answering(t, func(_ string, n int64) (int, string) {
		if n%2 == 0 {
			return 503, ""
		}
		return 200, ""
	})
}

func TestFailuresAreNotCounted(t *testing.T) {
	p := refusing(t)
	if err := storm(p, request("POST", p.address, "/", "", ""), 4); err == nil || !strings.Contains(err.Error(), "2 of 4") {
		t.Errorf("a crowd with refused requests: %v", err)
	}
	c, err := dial(p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := until(t.Context(), c, request("POST", p.address, "/", "", ""), 503); err != nil {
		t.Errorf("a status that does come: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := until(ctx, c, request("POST", p.address, "/", "", ""), 999); !errors.Is(err, context.Canceled) {
		t.Errorf("a status that never comes: %v", err)
	}
}

func TestLaunchSaysWhatWentWrong(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no /bin/sh")
	}
	_, err := launch(t.Context(), nil, "/bin/sh", "-c", "echo cannot do that >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "cannot do that") {
		t.Errorf("launch: %v", err)
	}
	p, err := launch(t.Context(), []string{"WHERE=127.0.0.1:1"}, "/bin/sh", "-c", `trap 'exit 0' TERM; echo "it listens on $WHERE"; while :; do sleep 0.05; done`)
	if err != nil || p.address != "127.0.0.1:1" {
		t.Fatalf("%+v, %v", p, err)
	}
	if peak, now, err := p.memory(); err != nil || peak < now || now == 0 {
		t.Errorf("memory %d, %d, %v", peak, now, err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestFitting(t *testing.T) {
	if n, err := fitting(1, 1); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := fitting(1<<40, 2); n >= 1<<40 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
