//go:build unix

package httpcall_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// promptServer is the variable that makes the test binary the server of
// BenchmarkFetch, so that its work does not count.
const promptServer = "PATCHBAY_TEST_PROMPT_SERVER"

const promptAnswer = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 22 Nov 2025 01:02:03 GMT\r\n" +
	"Content-Type: application/json; charset=utf-8\r\nContent-Length: 27\r\nConnection: keep-alive\r\n\r\n" +
	`{"id":"1234","status":"OK"}`

// servePrompt answers every request without a body at once until in ends.
func servePrompt(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, l.Addr())
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4<<10)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					if bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
						if _, err := io.WriteString(conn, promptAnswer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, in)
	return l.Close()
}

// BenchmarkFetch is one exchange after the other over a kept connection.
func BenchmarkFetch(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	server := exec.CommandContext(ctx, os.Args[0])
	server.Env = append(os.Environ(), promptServer+"=1")
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := server.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cancel(); _ = server.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	address = strings.TrimSpace(address)
	pool, err := httpcall.NewPool(httpcall.PoolOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	g := plain(address)
	g.Private = true
	c, err := httpcall.New(httpcall.Options{Name: "demo", Grant: g, Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger()})
	if err != nil {
		b.Fatal(err)
	}
	request := (&abi.HTTPRequest{URL: "http://" + address + "/send?to=77010000000", Header: headers("authorization", "Bearer 0123456789abcdef")}).Append(nil)
	task, stop := context.WithTimeout(ctx, time.Hour) // as a task's
	defer stop()
	var dst []byte
	b.ReportAllocs()
	before := processor(b)
	for b.Loop() {
		dst = c.Fetch(task, request, dst[:0])
	}
	b.ReportMetric(float64((processor(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.StopTimer()
	if _, f, err := abi.DecodeAnswer(dst); f != nil || err != nil {
		b.Fatal(f, err)
	}
}

// processor returns the CPU time that this process has used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
