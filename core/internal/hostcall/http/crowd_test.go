//go:build unix

package httpcall_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// slowServer is the variable that makes the test binary the slow server of
// TestCrowd: a process of its own, so that its memory and descriptors do not
// count.
const slowServer = "PATCHBAY_TEST_SLOW_SERVER"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(slowServer)); err == nil {
		if err := serveCrowd(n, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(promptServer) != "" {
		if err := servePrompt(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveCrowd accepts n connections, says so, waits for a word and answers one
// request on each.
func serveCrowd(n int, in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintln(out, l.Addr())
	conns := make([]net.Conn, n)
	for i := range conns {
		if conns[i], err = l.Accept(); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	// Every request was begun; read them, so that they are in flight in full.
	buffer := make([]byte, 4<<10)
	for _, conn := range conns {
		var got []byte
		for !bytes.HasSuffix(got, []byte("\r\n\r\n")) {
			k, err := conn.Read(buffer)
			if err != nil {
				return err
			}
			got = append(got, buffer[:k]...)
		}
	}
	fmt.Fprintln(out, "full")
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	for _, conn := range conns {
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return err
		}
	}
	// The client closes first, so that the ports are free again.
	for _, conn := range conns {
		_, _ = conn.Read(buffer)
	}
	return nil
}

// TestCrowd has thousands of exchanges wait for one slow server at the same
// time. It logs what one of them costs.
func TestCrowd(t *testing.T) {
	n := crowd
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if limit := int(min(files.Cur, 1<<20)) - 200; limit < n {
		t.Logf("%d instead of %d exchanges: the limit of open files is low", limit, n)
		n = limit
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	server := exec.CommandContext(ctx, os.Args[0])
	server.Env = append(os.Environ(), fmt.Sprintf("%s=%d", slowServer, n))
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = server.Wait() })
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	netip.MustParseAddrPort(address)

	pool, err := httpcall.NewPool(httpcall.PoolOptions{ConnectTimeout: 4 * patience})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	g := plain(address)
	g.Private = true
	c, err := httpcall.New(httpcall.Options{
		Name: "demo", Grant: g, Limits: httpcall.Limits{InFlight: n}, Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	before := footprint()
	request := (&abi.HTTPRequest{URL: "http://" + address + "/send", Header: headers("authorization", "Bearer 0123456789abcdef")}).Append(nil)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if p, f := decode(t, c.Fetch(ctx, request, nil)); f != nil || string(p.Body) != "ok" {
				t.Errorf("fetch: %+v", f)
			}
		})
	}
	if word, err := lines.ReadString('\n'); err != nil || word != "full\n" {
		t.Fatalf("the server says %q, %v", word, err)
	}
	if got := c.InFlight(); got != n {
		t.Errorf("%d in flight, want %d", got, n)
	}
	if extra := runtime.NumGoroutine() - n; extra > 100 {
		t.Errorf("%d goroutines beside the callers", extra)
	}
	each := (footprint() - before) / uint64(n)
	t.Logf("%d exchanges in flight, %d goroutines, %d bytes each", n, runtime.NumGoroutine(), each)
	if each > small {
		t.Errorf("%d bytes for each exchange in flight, want at most %d", each, small)
	}
	if _, err := io.WriteString(in, "go\n"); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if got := c.InFlight(); got != 0 {
		t.Errorf("%d in flight at the end", got)
	}
}

// footprint is the memory in use for objects and stacks.
func footprint() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
