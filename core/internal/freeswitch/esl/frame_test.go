package esl

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

func recordings(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.raw")
	if err != nil || len(paths) < 10 {
		tb.Fatalf("recordings: %d files, %v", len(paths), err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(p), ".raw")] = raw
	}
	return out
}

func readAll(r io.Reader) ([]Frame, error) {
	var out []Frame
	fr := NewReader(r)
	for {
		f, err := fr.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, f)
	}
}

// Every recording must give the same frames as the independent splitter, however the bytes are cut.
func TestReaderReadsEveryRecording(t *testing.T) {
	for name, raw := range recordings(t) {
		want := esltest.SplitFrames(t, bytes.TrimLeft(raw, "\n"))
		for _, r := range []io.Reader{bytes.NewReader(raw), iotest.OneByteReader(bytes.NewReader(raw)), iotest.HalfReader(bytes.NewReader(raw))} {
			got, err := readAll(r)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(got) != len(want) {
				t.Fatalf("%s: %d frames, want %d", name, len(got), len(want))
			}
			for i, f := range got {
				if !bytes.HasSuffix(want[i], f.Body) || f.Type() == "" {
					t.Errorf("%s: frame %d is damaged", name, i)
				}
			}
		}
	}
}

// Cut at every byte: a whole prefix of frames, then EOF or "unexpected EOF", never an invented frame.
func TestReaderCutAtEveryByte(t *testing.T) {
	raw := recordings(t)["bgapi-results.s2c"]
	whole := esltest.SplitFrames(t, raw)
	for cut := range len(raw) {
		got, err := readAll(bytes.NewReader(raw[:cut]))
		n, boundary := 0, 0
		for n < len(whole) && boundary+len(whole[n]) <= cut {
			boundary += len(whole[n])
			n++
		}
		if len(got) != n {
			t.Fatalf("cut at %d: %d frames, want %d", cut, len(got), n)
		}
		if wantErr := boundary != cut; (err != nil) != wantErr || (wantErr && !errors.Is(err, io.ErrUnexpectedEOF)) {
			t.Fatalf("cut at %d (boundary %d): error %v", cut, boundary, err)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"negative length":      "Content-Type: api/response\nContent-Length: -1\n\n",
		"signed length":        "Content-Type: api/response\nContent-Length: +1\n\nx",
		"length not a number":  "Content-Type: api/response\nContent-Length: 1x\n\nx",
		"empty length":         "Content-Length: \n\n",
		"length over the cap":  "Content-Length: 16777217\n\n",
		"overflowing length":   "Content-Length: 99999999999999999999\n\n",
		"two lengths":          "Content-Length: 1\nContent-Length: 2\n\nxx",
		"no colon":             "hello\n\n",
		"blank in header name": "Content Length: 2\n\n",
		"no name":              ": x\n\n",
		"endless header line":  "X: " + strings.Repeat("a", maxHeaderLine+1) + "\n\n",
		"endless header block": strings.Repeat("X: "+strings.Repeat("a", 1000)+"\n", 1100) + "\n",
		"binary":               "\x00\xff\xfe\n\n",
	} {
		if _, err := readAll(strings.NewReader(in)); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestReaderLengthIsBytes(t *testing.T) {
	body := "Иван|Петров\n"
	got, err := readAll(strings.NewReader(esltest.APIFrame(body) + esltest.ReplyFrame("+OK")))
	if err != nil || len(got) != 2 || string(got[0].Body) != body {
		t.Fatalf("%v %v", got, err)
	}
}

func TestParseEventRecorded(t *testing.T) {
	rec := recordings(t)
	first := func(name string) Event {
		t.Helper()
		f, err := NewReader(bytes.NewReader(rec[name])).Read()
		if err != nil {
			t.Fatal(err)
		}
		e, err := ParseEvent(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return e
	}
	count := func(e Event, name string) (n int) {
		for _, f := range e.Header {
			if f.Name == name {
				n++
			}
		}
		return n
	}
	if e := first("event-json-duplicate-key"); e.Name() != "CHANNEL_HANGUP_COMPLETE" || count(e, "Hangup-Cause") != 2 {
		t.Errorf("repeated key: %s, %d times", e.Name(), count(e, "Hangup-Cause"))
	}
	if e := first("event-json-array-header"); count(e, "variable_originated_legs") < 2 {
		t.Errorf("array header: %d values", count(e, "variable_originated_legs"))
	}
}

func TestBackgroundJobBodies(t *testing.T) {
	want := map[string]string{"nosuchcommand": "-ERR nosuchcommand Command not found!\n", "global_getvar": "", "originate": "-ERR "}
	for _, name := range []string{"bgapi-results.s2c", "bgapi-results-json.s2c"} {
		frames, err := readAll(bytes.NewReader(recordings(t)[name]))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, f := range frames {
			if f.Type() != TypeEventPlain && f.Type() != TypeEventJSON {
				continue
			}
			e, err := ParseEvent(f)
			if err != nil {
				t.Fatal(err)
			}
			cmd := e.Header.Get("Job-Command")
			seen[cmd]++
			if w, ok := want[cmd]; ok && (!strings.HasPrefix(string(e.Body), w) || w == "" && len(e.Body) > 0) {
				t.Errorf("%s: %s gave %q", name, cmd, e.Body)
			}
			if e.Header.Get("Core-UUID") == "" || e.Header.Get("Job-UUID") == "" {
				t.Errorf("%s: event without ids", name)
			}
			if arg := e.Header.Get("Job-Command-Arg"); strings.Contains(arg, "%20") && cmd == "originate" {
				t.Errorf("%s: header value not decoded: %q", name, arg)
			}
		}
		for cmd := range want {
			if seen[cmd] == 0 {
				t.Errorf("%s: no event of %s", name, cmd)
			}
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	plain := func(b string) Frame {
		return Frame{Header: Header{{"Content-Type", TypeEventPlain}}, Body: []byte(b)}
	}
	jsonFrame := func(b string) Frame {
		return Frame{Header: Header{{"Content-Type", TypeEventJSON}}, Body: []byte(b)}
	}
	for name, f := range map[string]Frame{
		"xml":               {Header: Header{{"Content-Type", "text/event-xml"}}, Body: []byte("<event/>")},
		"plain cut header":  plain("Event-Name: X"),
		"plain cut body":    plain("Event-Name: X\nContent-Length: 5\n\nabc"),
		"plain bad length":  plain("Content-Length: -1\n\n"),
		"json not object":   jsonFrame(`["a"]`),
		"json number":       jsonFrame(`{"a":1}`),
		"json array inside": jsonFrame(`{"a":[1]}`),
		"json cut":          jsonFrame(`{"a":"b"`),
		"json empty":        jsonFrame(``),
	} {
		if _, err := ParseEvent(f); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, raw := range recordings(f) {
		f.Add(raw[:min(len(raw), 4096)])
	}
	f.Add([]byte("Content-Length: 3\n\nab"))
	f.Add([]byte("\n\nContent-Type: text/event-plain\r\nContent-Length: 2\r\n\r\n\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		frames, err := readAll(bytes.NewReader(raw))
		again, errAgain := readAll(iotest.OneByteReader(bytes.NewReader(raw)))
		if len(frames) != len(again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("the cut of the bytes changed the result: %d/%d frames, %v/%v", len(frames), len(again), err, errAgain)
		}
		held := 0
		for _, fr := range frames {
			held += len(fr.Body)
			_, _ = ParseEvent(fr)
		}
		if held > len(raw) {
			t.Fatalf("%d bytes of bodies out of %d bytes", held, len(raw))
		}
	})
}
