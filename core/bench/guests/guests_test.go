package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestBadArguments(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.wasm")
	if err := os.WriteFile(broken, []byte("no plugin"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{}, {"Go"}, {"Go=a.wasm"}, {"=a.wasm,b.wasm"}, {"Go=,b.wasm"}, {"--rounds", "0", "Go=a,b"}, {"--calls", "x"},
		{"Go=/does/not/exist.wasm,/nor/this.wasm"}, {"Go=" + broken + "," + broken},
	} {
		var out, words bytes.Buffer
		if code := run(args, &out, &words); code == 0 || words.Len() == 0 || out.Len() > 0 {
			t.Errorf("%q: exit code %d, says %q, prints %q", args, code, words.String(), out.String())
		}
	}
	if code := run([]string{"-h"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("help: exit code %d", code)
	}
}

// assembled packs a provider that answers every operation with body, after so
// many requests of the blocking kind.
func assembled(t *testing.T, body abi.Value, requests int) *plugin.Package {
	t.Helper()
	reply := (&abi.Reply{Body: body}).Append(nil)
	fetches := make([][]byte, 0, requests)
	for range requests {
		fetches = append(fetches, guest.CallBlocking(0))
	}
	code := guest.Asm{
		Operations: []string{abi.OpHTTPFetch}, Blocking: true,
		Data: map[uint32][]byte{guest.FreeAt: reply},
		Start: guest.Body(
			guest.IfKind(abi.Operation, guest.Seq(guest.Seq(fetches...), guest.ReplyWith(guest.FreeAt, len(reply)), guest.State(abi.Finished))),
			guest.Reply(), guest.Const(int(abi.Finished))),
	}.Bytes()
	const manifest = `{"id":"measured","kind":"provider","abi":1,"version":"1.0.0","vendor":"Test","concurrency":"exclusive",
		"title":{"en":"T","ru":"Т"},"description":{"en":"T","ru":"Т"},"extends":[{"point":"sms.provider","operations":["send"]}],
		"capabilities":[{"name":"http","operations":["http_fetch"],"reason":{"en":"T","ru":"Т"}}]}`
	p, err := plugin.Pack(code, []byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var sent = new(abi.Object).Str("message_id", "m-1").Value()

// pair is a language whose first plugin makes the first kind of call only.
func pair(first, second *plugin.Package) *subject {
	return &subject{
		plugins: []*candidate{{pkg: first, work: conformanceWork()[:1]}, {pkg: second, work: providerWork()}},
		figures: Figures{Language: "assembly", Calls: map[string]Call{}},
	}
}

func TestMeasure(t *testing.T) {
	s := pair(assembled(t, message, 0), assembled(t, sent, 1))
	if err := measure(t.Context(), []*subject{s}, 2, 20); err != nil {
		t.Fatal(err)
	}
	f := s.figures
	if !f.Blocking || len(f.Calls) != 2 {
		t.Errorf("%+v", f)
	}
	for name, c := range f.Calls {
		if c.Units <= 0 || c.Micros < 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for _, file := range []File{f.Conformance, f.Provider} {
		if file.Bytes < 100 || file.MemoryBytes != 4<<16 || file.ResidentBytes < 0 || file.CompileMS < 0 {
			t.Errorf("%+v", file)
		}
	}
}

func TestWrongPluginsAreNotMeasured(t *testing.T) {
	good := func() *plugin.Package { return assembled(t, message, 0) }
	for want, s := range map[string]*subject{
		"not what this measures":    pair(assembled(t, sent, 0), assembled(t, sent, 1)),
		"0 host operations, want 1": pair(good(), assembled(t, sent, 0)),
		"2 host operations, want 1": pair(good(), assembled(t, sent, 2)),
	} {
		if err := measure(t.Context(), []*subject{s}, 1, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestCommand measures files, and what cannot do the work of the kit is an error.
func TestCommand(t *testing.T) {
	folder := t.TempDir()
	path := func(name string, p *plugin.Package) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, p.Code, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	kit, provider := path("kit.wasm", assembled(t, message, 0)), path("provider.wasm", assembled(t, sent, 1))
	var out, words bytes.Buffer
	if code := run([]string{"--rounds", "1", "--calls", "1", fmt.Sprintf("X=%s,%s", kit, provider)}, &out, &words); code != 1 || !strings.Contains(words.String(), "X: fetch: ") {
		t.Errorf("exit code %d, %s%s", code, words.String(), out.String())
	}
}
