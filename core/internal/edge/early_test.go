package edge_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/edge"
)

// TestReadInAnyPieces: the server gets every byte once and in order, however short its
// buffers are: one byte first, as fasthttp asks, one byte always, or any number.
func TestReadInAnyPieces(t *testing.T) {
	var sent strings.Builder
	for n := range 40 {
		body := strings.Repeat(strconv.Itoa(n), n*n*10)
		sent.WriteString("POST /" + strconv.Itoa(n) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for name, length := range map[string]func(i int) int{
		"one first": func(i int) int { return []int{1, 8 << 10}[i%2] },
		"one":       func(int) int { return 1 },
		"any":       func(int) int { return 1 + random.IntN(2000) },
	} {
		t.Run(name, func(t *testing.T) {
			_, client, c := accepted(t, edge.Options{})
			go func() {
				text := sent.String()
				for len(text) > 0 { // now a piece of a request, now several requests
					n := min(len(text), 1+len(text)*7%9000)
					if _, err := io.WriteString(client, text[:n]); err != nil {
						return // the test says what is missing
					}
					text = text[n:]
				}
				_ = client.Close()
			}()
			var got bytes.Buffer
			buffer := make([]byte, 8<<10)
			for i := 0; ; i++ {
				n, err := c.Read(buffer[:length(i)])
				got.Write(buffer[:n])
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil || n == 0 {
					t.Fatalf("after %d bytes: %d, %v", got.Len(), n, err)
				}
			}
			if got.String() != sent.String() {
				t.Errorf("%d bytes arrived of %d, or others", got.Len(), sent.Len())
			}
		})
	}
}

// TestOneByteOfWhatIsMalformed: asking for one byte reads more, and nothing of it is
// served.
func TestOneByteOfWhatIsMalformed(t *testing.T) {
	_, client, c := accepted(t, edge.Options{})
	const good = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n"
	if _, err := io.WriteString(client, good+"GET /bad HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"+good); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for b := make([]byte, 1); ; {
		n, err := c.Read(b)
		got = append(got, b[:n]...)
		if err != nil {
			if failed := new(edge.FramingError); !errors.As(err, &failed) {
				t.Error(err)
			}
			break
		}
	}
	if !strings.HasPrefix(string(got), good) || strings.Contains(string(got), "y\r\n") || strings.Count(string(got), good) != 1 {
		t.Errorf("the server got %q", got)
	}
}

// TestOneByteHasADeadline, and the connection is none the worse for it.
func TestOneByteHasADeadline(t *testing.T) {
	_, client, c := accepted(t, edge.Options{})
	b := make([]byte, 1)
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d, %v", n, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(b); n != 1 || err != nil || b[0] != 'G' {
		t.Errorf("%d, %v, %q", n, err, b)
	}
}
