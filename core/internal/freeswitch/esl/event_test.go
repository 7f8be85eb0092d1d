package esl

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// slowPlain reads an event line by line, with the reader that splits the socket into frames.
func slowPlain(raw []byte) (Event, error) {
	r := bufio.NewReader(bytes.NewReader(raw))
	var h Header
	var err error
	if !bytes.HasPrefix(raw, []byte("\n")) && !bytes.HasPrefix(raw, []byte("\r\n")) {
		if h, err = readHeader(r); err != nil {
			return Event{}, err
		}
	} else if _, err := r.ReadString('\n'); err != nil {
		return Event{}, err
	}
	n, err := contentLength(h)
	if err != nil {
		return Event{}, err
	}
	rest, err := io.ReadAll(r)
	if err != nil || int64(len(rest)) < n {
		return Event{}, io.ErrUnexpectedEOF
	}
	for i := range h {
		h[i].Value = percent.Decode(h[i].Value)
	}
	return Event{Header: h, Body: rest[:n]}, nil
}

func samePlain(t *testing.T, raw []byte) {
	t.Helper()
	got, err := parsePlain(bytes.Clone(raw))
	want, wantErr := slowPlain(bytes.Clone(raw))
	if err != nil && !errors.Is(err, ErrProtocol) {
		t.Fatalf("%q: error %v", raw, err)
	}
	if (err == nil) != (wantErr == nil) || !slices.Equal(got.Header, want.Header) || !bytes.Equal(got.Body, want.Body) {
		t.Fatalf("%q: got %+v, %v, line by line %+v, %v", raw, got, err, want, wantErr)
	}
}

func FuzzPlainEvent(f *testing.F) {
	for _, raw := range recordings(f) {
		frames, _ := readAll(bytes.NewReader(raw))
		for _, fr := range frames {
			if fr.Type() == TypeEventPlain {
				f.Add(fr.Body)
			}
		}
	}
	for _, text := range []string{"", "\n", "\r\nx", "A: 1\r\n\r\n", "A: 1\n\r\nrest", "A:%41\nContent-Length: 2\n\nabc", "A: 1", "A: 1\n\r", "no colon\n\n", " : 1\n\n", "A: \r\r\n\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < maxHeaderLine { // only the reader of the socket has a bound for one line
			samePlain(t, raw)
		}
	})
}

func TestPlainEventBounds(t *testing.T) {
	long := strings.Repeat("A: 1\n", maxHeaderBytes/5+1) + "\n"
	if _, err := parsePlain([]byte(long)); !errors.Is(err, ErrProtocol) {
		t.Errorf("a header block of %d bytes: %v", len(long), err)
	}
	e, err := parsePlain([]byte("Event-Name: X\nContent-Length: 3\n\nabcdef"))
	if err != nil || string(append(e.Body, '!')) != "abc!" || e.Name() != "X" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A background job's result, as the link reads it 50,000 times in a burst.
func BenchmarkReadEvent(b *testing.B) {
	text := "Event-Name: BACKGROUND_JOB\nCore-UUID: 3e35e8e1-0872-4fb3-a997-12080ca33084\nFreeSWITCH-Hostname: fs\nFreeSWITCH-Switchname: fs\n" +
		"FreeSWITCH-IPv4: 127.0.0.1\nFreeSWITCH-IPv6: %3A%3A1\nEvent-Date-Local: 2022-11-24%2016%3A14%3A40\nEvent-Date-GMT: Thu,%2024%20Nov%202022%2013%3A14%3A40%20GMT\n" +
		"Event-Date-Timestamp: 1669295680528041\nEvent-Calling-File: mod_event_socket.c\nEvent-Calling-Function: api_exec\nEvent-Calling-Line-Number: 1572\n" +
		"Event-Sequence: 501\nJob-UUID: 87e64143-758c-4f9b-b990-e06613a3d7d2\nJob-Command: originate\nContent-Length: 41\n\n+OK 87e64143-758c-4f9b-b990-e06613a3d7d2\n"
	frame := []byte("Content-Length: " + strconv.Itoa(len(text)) + "\nContent-Type: text/event-plain\n\n" + text)
	r := NewReader(&endless{frame: frame})
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := r.Read()
		if err != nil {
			b.Fatal(err)
		}
		if e, err := ParseEvent(f); err != nil || len(e.Body) != 41 {
			b.Fatal(e, err)
		}
	}
}

type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.frame[e.at:])
	e.at = (e.at + n) % len(e.frame)
	return n, nil
}
