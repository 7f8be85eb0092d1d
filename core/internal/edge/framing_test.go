package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const host = "Host: gateway.example\r\n"

var refused = []struct{ name, reason, text string }{
	{"length and chunks", ReasonTwoFramings, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"chunks and length", ReasonTwoFramings, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
	{"chunks and no length", ReasonTwoFramings, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"},
	{"two lengths", ReasonRepeated, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"},
	{"one length twice", ReasonRepeated, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\ncontent-length: 5\r\n\r\nabcde"},
	{"list of lengths", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5, 5\r\n\r\nabcde"},
	{"signed length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nabcde"},
	{"negative length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"},
	{"hexadecimal length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x5\r\n\r\nabcde"},
	{"tab in the length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\t\r\n\r\nabcde"},
	{"empty length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n"},
	{"length beyond numbers", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n"},
	{"unknown coding", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
	{"two codings", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
	{"chunked twice", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
	{"identity", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n"},
	{"chunked, identity", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n"},
	{"two coding fields", ReasonRepeated, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"},
	{"quoted coding", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
	{"tab in the coding", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n"},
	{"vertical tab in the coding", ReasonFieldValue, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"},
	{"chunks with HTTP/1.0", ReasonCoding, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"space in front of the colon", ReasonFieldName, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
	{"tab in front of the colon", ReasonFieldName, "POST / HTTP/1.1\r\n" + host + "Content-Length\t: 5\r\n\r\nabcde"},
	{"folded field", ReasonFolded, "POST / HTTP/1.1\r\n" + host + "X: a\r\n Content-Length: 5\r\n\r\nabcde"},
	{"folded coding", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
	{"field that begins with a space", ReasonFolded, "POST / HTTP/1.1\r\n Host: x\r\n\r\n"},
	{"line feeds alone", ReasonVersion, "GET / HTTP/1.1\n" + "Host: x\n\n"},
	{"line feed behind a field", ReasonLineEnd, "GET / HTTP/1.1\r\n" + host + "X: a\nY: b\r\n\r\n"},
	{"line feed ends the head", ReasonLineEnd, "GET / HTTP/1.1\r\n" + host + "\n"},
	{"carriage return in a value", ReasonLineEnd, "GET / HTTP/1.1\r\n" + host + "X: a\rContent-Length: 5\r\n\r\n"},
	{"carriage return alone", ReasonLineEnd, "GET / HTTP/1.1\r\n" + host + "X: a\r\r\n\r\n"},
	{"NUL in a value", ReasonFieldValue, "GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n"},
	{"NUL in a name", ReasonFieldName, "GET / HTTP/1.1\r\n" + host + "X\x00: b\r\n\r\n"},
	{"NUL in the target", ReasonRequestLine, "GET /\x00 HTTP/1.1\r\n" + host + "\r\n"},
	{"no name", ReasonFieldName, "GET / HTTP/1.1\r\n" + host + ": x\r\n\r\n"},
	{"no colon", ReasonFieldName, "GET / HTTP/1.1\r\n" + host + "nothing\r\n\r\n"},
	{"space in the target", ReasonVersion, "GET /a b HTTP/1.1\r\n" + host + "\r\n"},
	{"two spaces", ReasonRequestLine, "GET  / HTTP/1.1\r\n" + host + "\r\n"},
	{"tab for a space", ReasonRequestLine, "GET\t/ HTTP/1.1\r\n" + host + "\r\n"},
	{"no target", ReasonRequestLine, "GET HTTP/1.1\r\n" + host + "\r\n"},
	{"relative target", ReasonRequestLine, "GET ?a HTTP/1.1\r\n" + host + "\r\n"},
	{"HTTP/0.9", ReasonRequestLine, "GET /\r\n"},
	{"HTTP/2", ReasonVersion, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{"HTTP/1.2", ReasonVersion, "GET / HTTP/1.2\r\n" + host + "\r\n"},
	{"lower case", ReasonVersion, "GET / http/1.1\r\n" + host + "\r\n"},
	{"something behind the version", ReasonVersion, "GET / HTTP/1.1 \r\n" + host + "\r\n"},
	{"TLS to a plain port", ReasonRequestLine, "\x16\x03\x01\x02\x00\x01"},
	{"no host", ReasonHost, "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
	{"two hosts", ReasonRepeated, "GET / HTTP/1.1\r\n" + host + host + "\r\n"},
	{"path in the host", ReasonHost, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
	{"space in the host", ReasonHost, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
	{"long length", ReasonLength, "POST / HTTP/1.1\r\n" + host + "Content-Length: " + strings.Repeat("0", 40) + "5\r\n\r\nabcde"},
	{"long coding", ReasonCoding, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: " + strings.Repeat("chunked,", 9) + "\r\n\r\n"},
	{"user in the host", ReasonHost, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
	{"two tokens", ReasonRepeated, "GET / HTTP/1.1\r\n" + host + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"},
	{"two types", ReasonRepeated, "GET / HTTP/1.1\r\n" + host + "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"},
	{"many fields", ReasonFields, "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 200) + "\r\n"},
	{"long method", ReasonRequestLine, strings.Repeat("A", 40) + " / HTTP/1.1\r\n" + host + "\r\n"},
	{"two empty lines", ReasonLineEnd, "\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n"},
	{"chunk without a size", ReasonChunk, chunks("\r\nabc\r\n0\r\n\r\n")},
	{"chunk with a sign", ReasonChunk, chunks("-1\r\nabc\r\n0\r\n\r\n")},
	{"chunk with 0x", ReasonChunk, chunks("0x3\r\nabc\r\n0\r\n\r\n")},
	{"chunk with a space", ReasonChunk, chunks("3 \r\nabc\r\n0\r\n\r\n")},
	{"chunk beyond numbers", ReasonChunk, chunks("fffffffff\r\n")},
	{"chunk shorter than told", ReasonChunk, chunks("5\r\nabc\r\n0\r\n\r\n")},
	{"chunk longer than told", ReasonChunk, chunks("2\r\nabc\r\n0\r\n\r\n")},
	{"line feed behind a size", ReasonChunk, chunks("3\nabc\r\n0\r\n\r\n")},
	{"line feed in an extension", ReasonChunk, chunks("3;a\nabc\r\n0\r\n\r\n")},
	{"line feed behind a chunk", ReasonChunk, chunks("3\r\nabc\n0\r\n\r\n")},
	{"long extension", ReasonChunk, chunks("3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n")},
	{"trailer", ReasonTrailer, chunks("0\r\nContent-Length: 5\r\n\r\n")},
	{"line feed for the trailer", ReasonTrailer, chunks("0\r\n\n")},
	{"carriage return for the trailer", ReasonTrailer, chunks("0\r\n\rx")},
}

func chunks(body string) string {
	return "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + body
}

// whole feeds a text as much at once as is taken, pieces feeds it byte by byte.
func whole(text string) (*framing, int) {
	f, n := &framing{}, 0
	for n < len(text) && f.fault == "" {
		n += f.feed([]byte(text[n:]))
	}
	return f, n
}

func pieces(text string) (*framing, int) {
	f := &framing{}
	for i := range len(text) {
		if f.feed([]byte{text[i]}) == 0 {
			return f, i
		}
	}
	return f, len(text)
}

func TestFramingRefused(t *testing.T) {
	for _, row := range refused {
		t.Run(row.name, func(t *testing.T) {
			f, good := whole(row.text)
			if f.fault != row.reason {
				t.Errorf("fault %q, want %q", f.fault, row.reason)
			}
			if g, n := pieces(row.text); g.fault != f.fault || n != good {
				t.Errorf("byte by byte: %q after %d, at once %q after %d", g.fault, n, f.fault, good)
			}
			if head, _, ok := strings.Cut(row.text, "\r\n\r\n"); ok && !f.chunked && good >= len(head)+4 && f.heads == 0 {
				t.Errorf("the whole head went on: %d of %d bytes", good, len(row.text))
			}
		})
	}
}

// TestFramingPipelined also has a good request in front of the bad one.
func TestFramingPipelined(t *testing.T) {
	const good = "POST /sms/send HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\n1234"
	for _, row := range refused {
		if row.name == "two empty lines" {
			continue // one of them would be allowed here, too
		}
		f, n := whole(good + row.text)
		if f.fault != row.reason || n < len(good) || f.heads < 1 {
			t.Errorf("%s: %q after %d bytes, %d heads", row.name, f.fault, n, f.heads)
		}
	}
}

func TestFramingAccepted(t *testing.T) {
	for name, text := range map[string]string{
		"no body":         "GET /readyz HTTP/1.1\r\n" + host + "\r\n",
		"empty line":      "\r\nGET / HTTP/1.1\r\n" + host + "\r\n",
		"length":          "POST / HTTP/1.1\r\n" + host + "Content-Length:5\r\n\r\nab\x00\r\n",
		"spaces":          "POST / HTTP/1.1\r\n" + host + "Content-Length:   5  \r\n\r\nabcde",
		"no length":       "POST / HTTP/1.1\r\n" + host + "\r\n",
		"zero length":     "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
		"chunks":          chunks("3\r\nabc\r\nA;name=\"value\"\r\n0123456789\r\n0\r\n\r\n"),
		"chunked":         "POST / HTTP/1.1\r\n" + host + "TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n",
		"old":             "GET / HTTP/1.0\r\n\r\n",
		"host and space":  "GET / HTTP/1.1\r\nHost:  gateway.example:80 \r\n\r\n",
		"long host":       "GET / HTTP/1.1\r\nHost: " + strings.Repeat("a", 253) + "\r\n\r\n",
		"empty host":      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"IPv6 host":       "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
		"absolute target": "GET http://gateway.example/readyz HTTP/1.1\r\n" + host + "\r\n",
		"asterisk":        "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
		"raw UTF-8":       "GET /sms/send?message=Привет HTTP/1.1\r\n" + host + "X-Name: Имя\r\n\r\n",
		"forwarded twice": "GET / HTTP/1.1\r\n" + host + "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // also as the second request of a connection
				f, n := whole(text)
				if f.fault != "" || n != len(text) || !f.between() || f.heads != 1 {
					t.Fatalf("fault %q after %d of %d bytes, %d heads, between %t", f.fault, n, len(text), f.heads, f.between())
				}
				if g, m := pieces(text + text); g.fault != "" || m != 2*len(text) || g.heads != 2 {
					t.Fatalf("byte by byte, twice: fault %q after %d bytes, %d heads", g.fault, m, g.heads)
				}
			}
		})
	}
}

// TestLineKeepsNoSecrets: what the log gets of a request ends before a query and
// before what may be a secret in the path.
func TestLineKeepsNoSecrets(t *testing.T) {
	for target, want := range map[string]string{
		"/hooks/kannel/s3cret?id=1":     "POST /hooks/kannel",
		"/cdr/main?token=s3cret":        "POST /cdr/main",
		"/sms/send":                     "POST /sms/send",
		"/x" + strings.Repeat("y", 200): "POST /x" + strings.Repeat("y", maxLine-7),
	} {
		f, _ := whole("POST " + target + " HTTP/1.1\r\n" + host + "\r\n")
		if got := string(f.line[:f.lineLen]); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// FuzzFraming compares with net/http: where this package sees the end of a message,
// another strict parser has to see it, too; and how bytes are cut must not matter.
func FuzzFraming(f *testing.F) {
	for _, row := range refused {
		f.Add([]byte(row.text))
	}
	f.Add([]byte(chunks("3\r\nabc\r\n0\r\n\r\n") + "GET / HTTP/1.1\r\n" + host + "\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nabcdeGET / HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, n := whole(string(text))
		b, m := pieces(string(text))
		if a.fault != b.fault || n != m || a.heads != b.heads || a.state != b.state {
			t.Fatalf("at once %q %d %d, byte by byte %q %d %d", a.fault, n, a.heads, b.fault, m, b.heads)
		}
		end := firstEnd(text)
		if end == 0 {
			return
		}
		if err := sameEnd(text, end); err != nil {
			t.Fatal(err)
		}
	})
}

// firstEnd returns where the first message ends, 0 when there is none.
func firstEnd(text []byte) int {
	f := &framing{}
	for i := range text {
		if f.feed(text[i:i+1]) == 0 {
			return 0
		}
		if f.heads == 1 && f.between() {
			return i + 1
		}
	}
	return 0
}

func sameEnd(text []byte, end int) error {
	const mark = "=== what is behind ==="
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(bytes.TrimLeft(text[:end], "\r\n")), strings.NewReader(mark)))
	q, err := http.ReadRequest(r)
	if err != nil {
		return nil // it knows more about targets and hosts
	}
	if _, err := io.Copy(io.Discard, q.Body); err != nil {
		return fmt.Errorf("net/http cannot read the body: %w", err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || string(rest) != mark {
		return fmt.Errorf("net/http sees the end elsewhere: %q left, %w", rest, err)
	}
	return nil
}

func BenchmarkFraming(b *testing.B) {
	text := []byte("POST /sms/send HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk/4.1.0\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n{\"phone\":\"89190000000\",\"message\":\"benchmark\"}")
	f := &framing{}
	b.ReportAllocs()
	for b.Loop() {
		f.state, f.fault = atStart, ""
		f.feed(text)
	}
	b.SetBytes(int64(len(text)))
}
