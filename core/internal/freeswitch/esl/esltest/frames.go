package esltest

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

// ReplyFrame is a command/reply.
func ReplyFrame(text string, lines ...string) string {
	var b strings.Builder
	b.WriteString("Content-Type: command/reply\nReply-Text: " + text + "\n")
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return b.String() + "\n"
}

// APIFrame is an api/response.
func APIFrame(body string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body)
}

// DisconnectFrame is a disconnect notice.
func DisconnectFrame(body string) string {
	return fmt.Sprintf("Content-Type: text/disconnect-notice\nContent-Length: %d\n\n%s", len(body), body)
}

// EventFrame is a plain event; lines are further header lines, each with its line end.
func EventFrame(name, core, lines, body string) string {
	inner := "Event-Name: " + name + "\nCore-UUID: " + core + "\n" + lines
	if body != "" {
		inner += fmt.Sprintf("Content-Length: %d\n", len(body))
	}
	inner += "\n" + body
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(inner), inner)
}

// SplitFrames cuts a recorded server stream into its frames.
func SplitFrames(tb testing.TB, raw []byte) [][]byte {
	tb.Helper()
	var out [][]byte
	for len(raw) > 0 {
		head := bytes.Index(raw, []byte("\n\n"))
		if head < 0 {
			tb.Fatalf("recording ends inside a header: %q", raw)
		}
		end := head + 2
		for line := range strings.SplitSeq(string(raw[:head]), "\n") {
			if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				n, err := strconv.Atoi(v)
				if err != nil {
					tb.Fatal(err)
				}
				end += n
			}
		}
		if end > len(raw) {
			tb.Fatalf("recording ends inside a body")
		}
		out = append(out, raw[:end])
		raw = raw[end:]
	}
	return out
}

// Replay returns a Greet that plays a recorded server stream: the greeting at once, then after each command of the
// client everything up to and including the next answer and the events behind it. The bytes are written in pieces of
// chunk bytes; 0 writes whole frames. The connection is closed at the end of the recording when hangup is set,
// otherwise when the client closes it.
func Replay(tb testing.TB, raw []byte, chunk int, hangup bool) func(net.Conn) {
	tb.Helper()
	frames := SplitFrames(tb, raw)
	return func(nc net.Conn) {
		send := func(b []byte) {
			for len(b) > 0 {
				n := len(b)
				if chunk > 0 {
					n = min(chunk, n)
				}
				if _, err := nc.Write(b[:n]); err != nil {
					return
				}
				b = b[n:]
			}
		}
		next := 0
		for next < len(frames) && !isAnswer(frames[next]) {
			send(frames[next])
			next++
		}
		buf, tail := make([]byte, 4096), ""
		for next < len(frames) {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			tail += string(buf[:n])
			for strings.Contains(tail, "\n\n") && next < len(frames) {
				_, tail, _ = strings.Cut(tail, "\n\n")
				send(frames[next])
				next++
				for next < len(frames) && !isAnswer(frames[next]) {
					send(frames[next])
					next++
				}
			}
		}
		for !hangup {
			if _, err := nc.Read(buf); err != nil {
				return
			}
		}
	}
}

func isAnswer(frame []byte) bool {
	head, _, _ := bytes.Cut(frame, []byte("\n\n"))
	return bytes.Contains(head, []byte("command/reply")) || bytes.Contains(head, []byte("api/response"))
}
