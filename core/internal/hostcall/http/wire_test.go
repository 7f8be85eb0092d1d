package httpcall

import (
	"io"
	"net"
	"testing"
)

// TestWireCountsWhatLeft: what a socket refused did not leave; of other
// connections nobody knows.
func TestWireCountsWhatLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, x := range map[string]struct {
		wrap func(net.Conn) net.Conn
		lost uint64
	}{
		"socket": {func(c net.Conn) net.Conn { return c }, 0},
		"other":  {func(c net.Conn) net.Conn { return struct{ net.Conn }{c} }, 4},
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w := newWire(x.wrap(conn), nil)
		if n, err := io.WriteString(w, "abc"); n != 3 || err != nil || w.wrote != 3 {
			t.Errorf("%s: wrote %d, %v, counted %d", name, n, err, w.wrote)
		}
		conn.Close()
		if _, err := io.WriteString(w, "lost"); err == nil || w.wrote != 3+x.lost {
			t.Errorf("%s: %v, counted %d, want %d", name, err, w.wrote, 3+x.lost)
		}
	}
}
