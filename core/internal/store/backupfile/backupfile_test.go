package backupfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

var made = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// sample is a backup of three entries, one of them longer than a frame.
func sample(t testing.TB) ([]byte, map[string]string) {
	t.Helper()
	want := map[string]string{"secret.key": "key", "plugins/empty": "", backupfile.StoreEntry: strings.Repeat("0123456789abcdef", 100_000)}
	var b bytes.Buffer
	w, err := backupfile.NewWriter(&b, backupfile.Header{Version: "1.2.3", Made: made, Key: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret.key", "plugins/empty", backupfile.StoreEntry} {
		if err := w.Begin(backupfile.Entry{Name: name, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, want[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), want
}

func TestRoundTrip(t *testing.T) {
	file, want := sample(t)
	r, err := backupfile.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if h := r.Header(); h != (backupfile.Header{Version: "1.2.3", Made: made, Key: true}) {
		t.Errorf("header %+v", h)
	}
	for range want {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != want[e.Name] || e.Mode != 0o600 {
			t.Errorf("%+v: %d bytes, %v", e, len(text), err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

// TestDamage: no cut and no changed bit passes, and the error says where.
func TestDamage(t *testing.T) {
	file, _ := sample(t)
	check := func(name string, b []byte) {
		t.Helper()
		_, err := backupfile.Verify(bytes.NewReader(b))
		if !errors.Is(err, backupfile.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		} else if len(b) > 17 && b[16] == 1 && string(b[:16]) == string(file[:16]) && !strings.Contains(err.Error(), "at byte ") {
			t.Errorf("%s does not say where: %v", name, err)
		}
	}
	for at := 0; at < len(file); at += 1 + at/50 {
		check(fmt.Sprintf("cut at %d", at), file[:at])
		b := bytes.Clone(file)
		b[at] ^= 0x10
		check(fmt.Sprintf("bit at %d", at), b)
	}
	check("more behind the end", append(bytes.Clone(file), 0))
	check("nothing", nil)
	check("text", []byte("this is not a backup of anything"))
	if _, err := backupfile.Verify(bytes.NewReader(file)); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

// TestFramesOutOfPlace: frames that are good by themselves in a wrong order.
func TestFramesOutOfPlace(t *testing.T) {
	file, _ := sample(t)
	begin := len("PATCHBAY BACKUP\n") + 1
	rest := file[begin:]
	header := int(rest[1])<<24 | int(rest[2])<<16 | int(rest[3])<<8 | int(rest[4]) + 9
	for name, b := range map[string][]byte{
		"header twice": bytes.Join([][]byte{file[:begin+header], file[begin:]}, nil),
		"no header":    bytes.Join([][]byte{file[:begin], file[begin+header:]}, nil),
		"entry left":   bytes.Join([][]byte{file[:begin+header], file[len(file)-41:]}, nil),
	} {
		if _, err := backupfile.Verify(bytes.NewReader(b)); !errors.Is(err, backupfile.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no room")
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	w, err := backupfile.NewWriter(&failing{left: 300 << 10}, backupfile.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(backupfile.Entry{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		_, err = w.Write(make([]byte, 200<<10))
	}
	if err == nil || w.Close() == nil {
		t.Error("a full disk is not noticed")
	}
}

// FuzzReader: whatever comes in, an error or an end comes out.
func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	w, _ := backupfile.NewWriter(&b, backupfile.Header{})
	_ = w.Begin(backupfile.Entry{Name: "a"})
	_, _ = w.Write([]byte("text"))
	_ = w.Close()
	f.Add(b.Bytes())
	f.Add([]byte("PATCHBAY BACKUP\n\x01H\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := backupfile.Verify(bytes.NewReader(file))
		if err != nil && !errors.Is(err, backupfile.ErrDamaged) {
			t.Error(err)
		}
	})
}
