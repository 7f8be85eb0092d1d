package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// recordings are POSTs and files recorded from FreeSWITCH 1.10.12, in every
// encoding that mod_xml_cdr and mod_json_cdr know.
const recordings = "../internal/freeswitch/cdr/testdata"

var uuidOfQuery = regexp.MustCompile(`[?&]uuid=((?:a_)?([0-9a-f-]{36}))`)

// TestCDRReceiver posts the recordings as FreeSWITCH did.
func TestCDRReceiver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+strings.NewReplacer(`"main"`, `"locked"`, `token     = "sandbox"`, `user = "fs"
    password = "geheim"
    allow = ["127.0.0.0/8"]`, `    error_dir = "{errors}"`, "").Replace(node)+strings.NewReplacer(`"main"`, `"remote"`, `token     = "sandbox"`, `token = "sandbox"
    allow = ["10.0.0.0/8"]`, `    error_dir = "{errors}"`, "").Replace(node)+modules)
	paths, err := filepath.Glob(recordings + "/*.http")
	if err != nil || len(paths) < 14 {
		t.Fatalf("%d recordings, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".http")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		query := uuidOfQuery.FindStringSubmatch(head)
		contentType := ""
		for line := range strings.Lines(head) {
			if value, ok := strings.CutPrefix(line, "Content-Type: "); ok {
				contentType = strings.TrimSpace(value)
			}
		}
		deliver := func(node, token string, headers ...string) int {
			if contentType != "" {
				headers = append(headers, "Content-Type", contentType)
			}
			return w.do(t, "POST", "/cdr/"+node+"?uuid="+query[1]+token, body, headers...).status
		}
		t.Run(name, func(t *testing.T) {
			find := func() answer { return w.post(t, "/contact/cdr", object("id", query[2])) }
			for _, denied := range []struct{ node, token string }{
				{"main", ""}, {"main", "&token="}, {"main", "&token=Sandbox"}, {"main", "&token=sandbox%00"}, {"nosuch", "&token=sandbox"},
				{"locked", "&token=geheim"}, {"remote", "&token=sandbox"},
			} {
				if status := deliver(denied.node, denied.token); status != 401 {
					t.Errorf("node %s, %q: %d, want 401", denied.node, denied.token, status)
				}
			}
			if status := deliver("locked", "", "Authorization", "Basic ZnM6d3Jvbmc="); status != 401 {
				t.Errorf("wrong password: %d", status)
			}
			expect(t, "before", find(), 404, `{"error":"Wrong ID!"}`)
			if status := deliver("main", "&token=sandbox"); status != 200 {
				t.Fatalf("right token: %d", status)
			}
			first := find()
			if strings.HasPrefix(name, "malformed") {
				// It is kept as it came; whether it can be shown depends on the damage.
				if first.status != 200 && first.status != 404 {
					t.Errorf("damaged record: %d %s", first.status, short(first.body))
				}
				return
			}
			record := decode[struct {
				Attributes map[string]any `json:"@attributes"`
				Variables  map[string]any `json:"variables"`
				Callflow   any            `json:"callflow"`
			}](t, first)
			if first.status != 200 || record.Variables["uuid"] != query[2] || record.Attributes["core-uuid"] == nil || record.Callflow == nil {
				t.Errorf("contact/cdr: %d %s", first.status, short(first.body))
			}
			// FreeSWITCH repeats a record until it hears a 2xx.
			if status := deliver("main", "&token=sandbox"); status != 200 {
				t.Errorf("again: %d", status)
			}
			if status := deliver("locked", "", "Authorization", "Basic ZnM6Z2VoZWlt"); status != 200 {
				t.Errorf("right password: %d", status)
			}
			if again := find(); again.body != first.body {
				t.Errorf("repeating changed the record:\n%s\n%s", short(first.body), short(again.body))
			}
		})
	}
	for _, nothing := range []string{"", "cdr=", "hello", "<html></html>", "[1]", "cdr=%zz", strings.Repeat("<", 10_000)} {
		if status := w.do(t, "POST", "/cdr/main?token=sandbox", nothing).status; status != 400 {
			t.Errorf("%.20q: %d, want 400", nothing, status)
		}
	}
	if status := w.do(t, "GET", "/cdr/main?token=sandbox", "").status; status == 200 {
		t.Error("GET was accepted")
	}
}

// TestCDRErrorDirectory imports what FreeSWITCH could not post.
func TestCDRErrorDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules)
	if err := w.process.stop(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(w.dir, "cdr-errors")
	put := func(name string, content []byte) {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		// FreeSWITCH finished it a while ago.
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[string]string{}
	for _, name := range []string{"errlog-encoded.cdr.xml", "errlog-textxml.cdr.xml"} {
		raw, err := os.ReadFile(filepath.Join(recordings, name))
		if err != nil {
			t.Fatal(err)
		}
		disk, err := os.ReadFile(filepath.Join(recordings, strings.Replace(name, ".cdr.", ".disk.", 1)))
		if err != nil {
			t.Fatal(err)
		}
		id := regexp.MustCompile(`<uuid>([0-9a-f-]{36})</uuid>`).FindSubmatch(disk)
		if id == nil {
			t.Fatalf("%s has no uuid", name)
		}
		ids[name] = string(id[1])
		put(name, raw)
	}
	put("garbage.xml", []byte("<html>it works</html>"))
	put("notes.txt", []byte("not ours"))
	w.startGateway(w.dir, w.listen)
	for name, id := range ids {
		eventually(t, "the record of "+name, func() bool { return w.post(t, "/contact/cdr", object("id", id)).status == 200 })
	}
	for _, moved := range []string{"imported/errlog-encoded.cdr.xml", "imported/errlog-textxml.cdr.xml", "rejected/garbage.xml", "notes.txt"} {
		eventually(t, moved, func() bool { _, err := os.Stat(filepath.Join(folder, moved)); return err == nil })
	}
}
