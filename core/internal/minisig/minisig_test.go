package minisig_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

func pair(t testing.TB) (minisig.Key, minisig.PrivateKey) {
	t.Helper()
	k, p, err := minisig.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k, p
}

func sign(t testing.TB, p minisig.PrivateKey, content, comment string) *minisig.Signature {
	t.Helper()
	s, err := p.Sign([]byte(content), comment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignAndVerify(t *testing.T) {
	key, private := pair(t)
	other, _ := pair(t)
	s := sign(t, private, "content", "version:1.0.0 подпись")
	again, err := minisig.Parse(s.Text())
	if err != nil {
		t.Fatal(err)
	}
	if again.Comment() != "version:1.0.0 подпись" || again.KeyID() != key.ID() || again.Verify(key, []byte("content")) != nil {
		t.Errorf("%q by %s: %v", again.Comment(), again.KeyID(), again.Verify(key, []byte("content")))
	}
	if err := again.Verify(key, []byte("Content")); !errors.Is(err, minisig.ErrMismatch) {
		t.Errorf("other content: %v", err)
	}
	if err := again.Verify(other, []byte("content")); err == nil || errors.Is(err, minisig.ErrMismatch) || !strings.Contains(err.Error(), other.ID()) {
		t.Errorf("other key: %v", err)
	}
	if err := again.Verify(minisig.Key{}, []byte("content")); err == nil {
		t.Error("the zero key verifies")
	}
	// The comment is signed, too.
	forged, err := minisig.Parse(bytes.Replace(s.Text(), []byte("1.0.0"), []byte("2.0.0"), 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := forged.Verify(key, []byte("content")); !errors.Is(err, minisig.ErrMismatch) {
		t.Errorf("another comment: %v", err)
	}
	for _, comment := range []string{"two\nlines", "bell\a", strings.Repeat("x", 1025)} {
		if _, err := private.Sign(nil, comment); err == nil {
			t.Errorf("comment %.10q is accepted", comment)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	_, private := pair(t)
	good := string(sign(t, private, "content", "comment").Text())
	lines := strings.Split(good, "\n")
	raw, err := base64.StdEncoding.DecodeString(lines[1])
	if err != nil {
		t.Fatal(err)
	}
	with := func(i int, line string) string {
		out := append([]string(nil), lines...)
		out[i] = line
		return strings.Join(out, "\n")
	}
	for name, text := range map[string]string{
		"empty":                  "",
		"three lines":            strings.Join(lines[:3], "\n"),
		"five lines":             good + "more",
		"no untrusted comment":   with(0, "comment: x"),
		"no trusted comment":     with(2, "comment"),
		"no base64":              with(1, "!"),
		"short":                  with(1, base64.StdEncoding.EncodeToString(raw[:73])),
		"long":                   with(1, base64.StdEncoding.EncodeToString(append(raw[:74:74], 0))),
		"another algorithm":      with(1, base64.StdEncoding.EncodeToString(append([]byte("XX"), raw[2:]...))),
		"no comment's signature": with(3, ""),
		"control character":      with(2, "trusted comment: \x1b[31mred"),
		"no text":                with(2, "trusted comment: \xff"),
		"too long":               with(2, "trusted comment: "+strings.Repeat("x", minisig.MaxSize)),
	} {
		if s, err := minisig.Parse([]byte(text)); err == nil {
			t.Errorf("%s is accepted: %q", name, s.Text())
		}
	}
	if _, err := minisig.Parse([]byte(strings.ReplaceAll(good, "\n", "\r\n"))); err != nil {
		t.Errorf("lines of Windows: %v", err)
	}
	for _, text := range []string{"", "RW", "RWQ=", strings.Repeat("A", 56), strings.Repeat("R", minisig.MaxSize+1)} {
		if _, err := minisig.ParseKey(text); err == nil {
			t.Errorf("key %.20q is accepted", text)
		}
	}
}

func TestPrivateKeyFiles(t *testing.T) {
	key, private := pair(t)
	if again, err := minisig.ParseKey(string(key.File())); err != nil || again.String() != key.String() {
		t.Errorf("%v, %v", again, err)
	}
	plain, err := private.Encrypt("")
	if err != nil {
		t.Fatal(err)
	}
	read, err := minisig.OpenPrivateKey(plain, func() (string, error) { t.Error("asked for a password"); return "", nil })
	if err != nil || read.Public().ID() != key.ID() {
		t.Errorf("%v, %v", read.Public(), err)
	}
	for _, text := range []string{"", "untrusted comment: x\nAAAA", string(plain[:len(plain)-20]), strings.Repeat("x", minisig.MaxSize+1)} {
		if _, err := minisig.OpenPrivateKey([]byte(text), nil); err == nil {
			t.Errorf("%.30q is accepted", text)
		}
	}
}

// tool runs the real minisign.
func tool(t *testing.T, stdin string, args ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("minisign")
	if err != nil {
		t.Fatal("the tool minisign is missing: apt-get install minisign")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	return cmd.CombinedOutput()
}

// TestTheToolVerifiesOurs and the next tests are with Debian's minisign.
func TestTheToolVerifiesOurs(t *testing.T) {
	dir := t.TempDir()
	file, publicFile := filepath.Join(dir, "file"), filepath.Join(dir, "key.pub")
	key, private := pair(t)
	write(t, publicFile, key.File())
	write(t, file, []byte("content"))
	write(t, file+minisig.Extension, sign(t, private, "content", "version:1.0.0").Text())
	if out, err := tool(t, "", "-V", "-p", publicFile, "-m", file); err != nil || !bytes.Contains(out, []byte("version:1.0.0")) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := tool(t, "", "-V", "-P", key.String(), "-m", file); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	write(t, file, []byte("changed"))
	if out, err := tool(t, "", "-V", "-p", publicFile, "-m", file); err == nil {
		t.Errorf("a changed file is accepted: %s", out)
	}
}

// TestTheToolSigns covers both of its formats, hashed and legacy.
func TestTheToolSigns(t *testing.T) {
	dir := t.TempDir()
	file, publicFile, secret := filepath.Join(dir, "file"), filepath.Join(dir, "key.pub"), filepath.Join(dir, "key.sec")
	if out, err := tool(t, "", "-G", "-W", "-p", publicFile, "-s", secret); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	key, err := minisig.ParseKey(read(t, publicFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, []byte("content"))
	for name, extra := range map[string]string{"hashed": "-H", "legacy": "-l"} {
		out, err := tool(t, "", "-S", "-W", extra, "-s", secret, "-m", file, "-t", "comment of "+name)
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		text := read(t, file+minisig.Extension)
		s, err := minisig.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v in %s", name, err, text)
		}
		if err := s.Verify(key, []byte("content")); err != nil || s.Comment() != "comment of "+name {
			t.Errorf("%s: %v, %q", name, err, s.Comment())
		}
		if err := s.Verify(key, []byte("changed")); !errors.Is(err, minisig.ErrMismatch) {
			t.Errorf("%s of a changed file: %v", name, err)
		}
		if raw, err := base64.StdEncoding.DecodeString(strings.Split(text, "\n")[1]); err != nil || (string(raw[:2]) == "Ed") != (name == "legacy") {
			t.Errorf("%s: the tool wrote algorithm %q, %v", name, raw[:2], err)
		}
	}
	// Its key file signs for us, too.
	private, err := minisig.OpenPrivateKey([]byte(read(t, secret)), nil)
	if err != nil || private.Public().String() != key.String() {
		t.Fatalf("%v, %v", private.Public(), err)
	}
	// And ours for it.
	ours, mine := pair(t)
	text, err := mine.Encrypt("")
	if err != nil {
		t.Fatal(err)
	}
	write(t, secret, text)
	if out, err := tool(t, "", "-S", "-W", "-s", secret, "-m", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := minisig.Parse([]byte(read(t, file+minisig.Extension)))
	if err != nil || s.Verify(ours, []byte("content")) != nil {
		t.Errorf("%v", err)
	}
}

// TestEncryptedKeys opens a key file with a password. testdata/encrypted.key has
// the format of minisign with a low price of guessing, and the tool opens it, too.
func TestEncryptedKeys(t *testing.T) {
	text := []byte(read(t, "testdata/encrypted.key"))
	key, err := minisig.ParseKey(read(t, "testdata/encrypted.pub"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(text []byte, word string, fault error) (minisig.PrivateKey, error) {
		return minisig.OpenPrivateKey(text, func() (string, error) { return word, fault })
	}
	private, err := open(text, "correct horse", nil)
	if err != nil || private.Public().String() != key.String() {
		t.Fatalf("%v, %v", private.Public(), err)
	}
	for name, c := range map[string][]byte{"wrong password": text, "damaged": append(bytes.Clone(text[:len(text)-9]), "AAAAAAA=\n"...), "cut": text[:len(text)-9]} {
		word := "correct horse"
		if name == "wrong password" {
			word = "correct house"
		}
		if _, err := open(c, word, nil); !errors.Is(err, minisig.ErrPassword) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := errors.New("nobody there")
	if _, err := open(text, "", refused); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, []byte("content"))
	if out, err := tool(t, "correct horse\n", "-S", "-s", "testdata/encrypted.key", "-m", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := minisig.Parse([]byte(read(t, file+minisig.Extension)))
	if err != nil || s.Verify(key, []byte("content")) != nil {
		t.Errorf("%v", err)
	}
}

// TestEncrypt takes a gigabyte of memory for some seconds, twice: the price that
// minisign has chosen.
func TestEncrypt(t *testing.T) {
	if testing.Short() || race {
		t.Skip("a gigabyte of memory")
	}
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "file"), filepath.Join(dir, "key.sec")
	key, private := pair(t)
	text, err := private.Encrypt("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory() // the tool needs as much again
	if plain, err := private.Encrypt(""); err != nil || bytes.Equal(plain, text) {
		t.Errorf("%v", err)
	}
	write(t, secret, text)
	write(t, file, []byte("content"))
	if out, err := tool(t, "correct horse\n", "-S", "-s", secret, "-m", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := minisig.Parse([]byte(read(t, file+minisig.Extension)))
	if err != nil || s.Verify(key, []byte("content")) != nil {
		t.Errorf("%v", err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzParse: nothing makes the reader panic, and what it takes is written back
// the same and verifies nothing that was not signed.
func FuzzParse(f *testing.F) {
	key, private := pair(f)
	good := sign(f, private, "content", "comment")
	f.Add(good.Text())
	f.Add([]byte(""))
	f.Add([]byte("untrusted comment: \n\ntrusted comment: \n"))
	f.Add(bytes.ReplaceAll(good.Text(), []byte("\n"), []byte("\r\n")))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := minisig.Parse(text)
		if err != nil {
			return
		}
		again, err := minisig.Parse(s.Text())
		if err != nil || again.Comment() != s.Comment() || again.KeyID() != s.KeyID() {
			t.Fatalf("read again: %v", err)
		}
		if s.Verify(key, []byte("other")) == nil {
			t.Fatal("it verifies what was not signed")
		}
		if s.Verify(key, []byte("content")) == nil && s.Comment() != good.Comment() {
			t.Fatal("it verifies a comment that was not signed")
		}
	})
}
