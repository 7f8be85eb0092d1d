package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// command runs `patchbay …` with the shell's configuration.
func (s *shell) command(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(append(args, "--config", s.config), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// rows are all requests in the journal of a stopped gateway.
func rows(t *testing.T, data string) []journal.Request {
	t.Helper()
	var out []journal.Request
	inJournal(t, data, func(j *journal.Journal) {
		for r, err := range j.AllRequests(t.Context(), journal.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
	})
	return out
}

// knock makes a request that the journal keeps, and returns whether it was answered.
func knock(base string, n int) bool {
	status := login(base, n)
	return status > 0 && status < 500
}

var strangers atomic.Uint32

// login makes a request that the journal keeps and returns its status, 0 without an
// answer. Each comes from another address, since of one not all are kept.
func login(base string, n int) int {
	body, _ := json.Marshal(map[string]string{"login": fmt.Sprintf("user-%d", n), "password": "wrong"})
	q, err := http.NewRequest(http.MethodPost, base+"/login/auth", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	address := binary.BigEndian.AppendUint32(nil, 11<<24|strangers.Add(1))
	q.Header.Set("X-Forwarded-For", net.IP(address).String())
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0
	}
	defer func() { _ = r.Body.Close() }()
	_, _ = io.Copy(io.Discard, r.Body)
	return r.StatusCode
}

// TestBackupUnderLoad backs up a gateway that is being used, restores the file and
// compares.
func TestBackupUnderLoad(t *testing.T) {
	s := newShell(t, shortFolder(t))
	base, stop := s.serve(nil)
	s.good("", "add", "keeper", "--password", "keeper-password-1", "--note", "kept")
	if err := os.MkdirAll(filepath.Join(s.data, "plugins", "echo"), 0o700); err != nil {
		t.Fatal(err)
	}
	uploaded := filepath.Join("plugins", "echo", "file.bin")
	if err := os.WriteFile(filepath.Join(s.data, uploaded), []byte("bytes of a plugin"), 0o640); err != nil {
		t.Fatal(err)
	}
	var answered atomic.Int64
	knocking := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-knocking:
					return
				default:
				}
				if knock(base, n) {
					answered.Add(1)
				}
			}
		})
	}
	await(t, func() bool { return answered.Load() > 20 })
	before := answered.Load()
	file := filepath.Join(t.TempDir(), "backup.pb")
	if code, out, errs := s.command("backup", file, "--with-key"); code != exitOK || !strings.Contains(out, "bytes") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	after := answered.Load()
	await(t, func() bool { return answered.Load() > after+20 })
	s.good("", "add", "later", "--password", "later-password-1")
	close(knocking)
	wg.Wait()
	users := s.good("", "list", "--json")
	stop()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.data, ".backup-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	all := rows(t, s.data)

	restored := newShell(t, shortFolder(t))
	if code, out, errs := restored.command("restore", file, "--data", restored.data); code != exitOK || strings.Contains(out, "secret.key") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	// What was answered before the backup began is in it; nothing is in it that was
	// not there, and nothing came in between.
	got := rows(t, restored.data)
	if int64(len(got)) < before || len(got) > len(all) {
		t.Fatalf("%d rows of %d, %d were answered before", len(got), len(all), before)
	}
	for i := range got {
		if a, b := fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", all[i]); a != b {
			t.Fatalf("row %d:\n%s\n%s", i, a, b)
		}
	}
	if text, err := os.ReadFile(filepath.Join(restored.data, uploaded)); err != nil || string(text) != "bytes of a plugin" {
		t.Errorf("uploaded file: %q, %v", text, err)
	}
	kept := restored.good("", "list", "--json")
	if !strings.Contains(kept, "keeper") || strings.Contains(kept, "later") {
		t.Errorf("users: %s", kept)
	}
	if !sameUser(t, users, kept, "keeper") {
		t.Errorf("keeper differs:\n%s\n%s", users, kept)
	}
	if code, out, errs := restored.command("doctor"); code != exitOK {
		t.Errorf("doctor: %d %s%s", code, out, errs)
	}
	again, _ := restored.serve(nil)
	if !knock(again, 1) {
		t.Error("the restored gateway does not answer")
	}
}

func sameUser(t *testing.T, a, b, login string) bool {
	t.Helper()
	find := func(text string) string {
		var list any
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		if m, ok := list.(map[string]any); ok {
			list = m["users"]
		}
		for _, u := range list.([]any) {
			if m := u.(map[string]any); m["login"] == login {
				out, _ := json.Marshal(m)
				return string(out)
			}
		}
		return ""
	}
	return find(a) != "" && find(a) == find(b)
}

// TestBackupWithoutKey: the key stays at home, and the restored folder says so.
func TestBackupWithoutKey(t *testing.T) {
	s := newShell(t, shortFolder(t))
	s.good("", "add", "first", "--password", "first-password-1")
	file := filepath.Join(t.TempDir(), "backup.pb")
	if code, out, errs := s.command("backup", file); code != exitOK || !strings.Contains(out, "secret.key") {
		t.Fatalf("of a stopped gateway: %d %s%s", code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(s.data, "secret.key"))
	if err != nil || bytes.Contains(text, bytes.TrimSpace(key)) {
		t.Errorf("the key is in the backup, %v", err)
	}
	to := newShell(t, shortFolder(t))
	code, out, errs := to.command("restore", "--data", to.data, file)
	if code != exitOK || !strings.Contains(out, "put secret.key into") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	if code, out, _ := to.command("doctor"); code != exitFault || !strings.Contains(out, "DAMAGE   secret.key: is missing") {
		t.Errorf("doctor without the key: %d %s", code, out)
	}
	if err := os.WriteFile(filepath.Join(to.data, "secret.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := to.good("", "list"); !strings.Contains(out, "first") {
		t.Errorf("with the key: %s", out)
	}
	var piped bytes.Buffer
	if code := run([]string{"backup", "-", "--config", s.config}, strings.NewReader(""), &piped, &piped); code != exitOK || !bytes.HasPrefix(piped.Bytes(), []byte("PATCHBAY BACKUP\n")) {
		t.Errorf("to the output: %d, %d bytes", code, piped.Len())
	}
}

func TestRestoreRefuses(t *testing.T) {
	s := newShell(t, shortFolder(t))
	s.good("", "add", "first", "--password", "first-password-1")
	file := filepath.Join(t.TempDir(), "backup.pb")
	if code, _, errs := s.command("backup", file); code != exitOK {
		t.Fatal(errs)
	}
	if code, _, errs := s.command("backup", file); code != exitFault || !strings.Contains(errs, "is there already") {
		t.Errorf("onto a file: %d %s", code, errs)
	}
	if code, _, errs := s.command("restore", file); code != exitFault || !strings.Contains(errs, "is not empty") {
		t.Errorf("onto data: %d %s", code, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"flipped": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut":     func(b []byte) []byte { return b[:len(b)-100] },
	} {
		damaged := filepath.Join(t.TempDir(), "damaged.pb")
		if err := os.WriteFile(damaged, change(bytes.Clone(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "data")
		if code, _, errs := s.command("restore", damaged, "--data", to); code != exitFault || !strings.Contains(errs, "at byte ") {
			t.Errorf("%s: %d %s", name, code, errs)
		}
		if left, _ := filepath.Glob(to + "*"); len(left) > 0 {
			t.Errorf("%s left %v", name, left)
		}
	}
	if code, _, errs := s.command("restore", filepath.Join(t.TempDir(), "missing"), "--data", filepath.Join(t.TempDir(), "d")); code != exitFault || !strings.Contains(errs, "no such file") {
		t.Errorf("missing: %d %s", code, errs)
	}
	if code, _, _ := s.command("restore"); code != exitUsage {
		t.Errorf("without a file: %d", code)
	}
}
