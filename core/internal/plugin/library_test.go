package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
)

// anybody trusts every file without a signature.
func anybody(keys ...minisig.Key) plugin.Policy {
	return plugin.Policy{Keys: keys, Unsigned: []plugin.Origin{plugin.OriginFolder, plugin.OriginShipped, plugin.OriginUpload}}
}

func library(folders ...string) *plugin.Library {
	return plugin.OpenLibrary(plugin.LibraryOptions{Folders: folders, Policy: anybody()})
}

// version returns a plugin file of that id and version; n makes its code differ.
func version(t testing.TB, id, v string, n byte) *plugin.Package {
	t.Helper()
	code := guest.Asm{Data: map[uint32][]byte{guest.FreeAt: {n}}}.Bytes()
	p, err := plugin.Pack(code, []byte(strings.Replace(string(manifestOf(id)), `"version": "1.0.0"`, `"version": "`+v+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put writes a file as a careful operator does; every write has another time, so
// that tests need not wait for the clock of the file system.
var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func put(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Minute)
	if err := os.Chtimes(path, clock, clock); err != nil {
		t.Fatal(err)
	}
}

// names lists what a catalogue would run.
func names(c *plugin.Catalogue) string {
	var out []string
	for _, p := range c.All() {
		out = append(out, p.Manifest.ID+" "+p.Manifest.Version)
	}
	return strings.Join(out, ", ")
}

func TestFolders(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	put(t, filepath.Join(first, "a.wasm"), version(t, "alpha", "1.2.0", 1).Code)
	put(t, filepath.Join(first, "notes.txt"), []byte("no plugin"))
	bad := filepath.Join(first, "bad.wasm")
	put(t, bad, []byte("no plugin"))
	if err := os.Mkdir(filepath.Join(first, "folder.wasm"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(second, "b.wasm"), version(t, "beta", "1.0.0", 1).Code)
	put(t, filepath.Join(second, "a-newer.wasm"), version(t, "alpha", "1.10.0", 2).Code)
	put(t, filepath.Join(second, "a-candidate.wasm"), version(t, "alpha", "1.10.0-rc.1", 3).Code)
	put(t, filepath.Join(second, "a-copy.wasm"), version(t, "alpha", "1.2.0", 1).Code)
	missing := filepath.Join(second, "missing")

	c := library(first, missing, second).Catalogue()
	if got := names(c); got != "alpha 1.10.0, beta 1.0.0" {
		t.Errorf("found %s", got)
	}
	var all []string
	for _, p := range c.Versions("alpha") {
		all = append(all, p.Manifest.Version)
	}
	if strings.Join(all, " ") != "1.10.0 1.10.0-rc.1 1.2.0" || c.Version("alpha", version(t, "alpha", "1.2.0", 1).SHA256) == nil || c.Find("nobody") != nil || c.Version("alpha", "x") != nil {
		t.Errorf("versions %v", all)
	}
	if len(c.Faults) != 2 || !strings.Contains(c.Faults[0].Error(), missing) || !strings.Contains(c.Faults[1].Error(), bad) {
		t.Errorf("faults %v", c.Faults)
	}
	if empty := library().Catalogue(); len(empty.All()) != 0 || len(empty.Faults) != 0 {
		t.Errorf("%+v", empty)
	}
}

func TestCompareVersions(t *testing.T) {
	ordered := []string{
		"0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0",
		"1.10.0", "2.0.0", "99999999999999999999.0.0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := plugin.CompareVersions(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s and %s: %d", a, b, got)
			}
		}
	}
	if plugin.CompareVersions("1.0.0+a", "1.0.0+b") != 0 {
		t.Error("build metadata counts")
	}
}

// TestRescan: a file counts when it has stayed the same from one look to the
// next, so that half of one is never read.
func TestRescan(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.wasm")
	l := library(dir)
	look := func(what, want string, changed bool) {
		t.Helper()
		if got := l.Rescan(); got != changed || names(l.Catalogue()) != want {
			t.Errorf("%s: changed %v, found %q; want %v, %q", what, got, names(l.Catalogue()), changed, want)
		}
	}
	one, two := version(t, "demo", "1.0.0", 1).Code, version(t, "demo", "1.1.0", 2).Code
	look("nothing", "", false)
	put(t, path, one[:len(one)/2])
	look("half a file", "", false)
	put(t, path, one)
	look("still growing", "", false)
	look("whole", "demo 1.0.0", true)
	look("the same", "demo 1.0.0", false)
	put(t, path, two[:len(two)/2])
	look("half of the next", "demo 1.0.0", false)
	put(t, path, two)
	look("growing", "demo 1.0.0", false)
	look("the next", "demo 1.1.0", true)

	// By renaming, as `plugin pack` does: another file with the same size and time.
	renamed := filepath.Join(dir, "part")
	put(t, renamed, version(t, "demo", "1.2.0", 3).Code)
	if err := os.Rename(renamed, path); err != nil {
		t.Fatal(err)
	}
	look("renamed", "demo 1.1.0", false)
	look("renamed", "demo 1.2.0", true)

	put(t, path, []byte("no plugin"))
	look("broken", "demo 1.2.0", false)
	look("broken", "", true)
	if faults := l.Catalogue().Faults; len(faults) != 1 || !strings.Contains(faults[0].Error(), path) {
		t.Errorf("faults %v", faults)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	look("removed", "", true)
	look("removed", "", false)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	look("no folder", "", true)
	look("no folder", "", false)
}

// TestTrust is the table of signatures and policies.
func TestTrust(t *testing.T) {
	key, private, err := minisig.Generate()
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := minisig.Generate()
	if err != nil {
		t.Fatal(err)
	}
	p := version(t, "demo", "1.0.0", 1)
	sign := func(k minisig.PrivateKey, content []byte) []byte {
		s, err := k.Sign(content, "demo 1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		return s.Text()
	}
	good := sign(private, p.Code)
	for _, row := range []struct {
		name      string
		signature []byte
		allow     bool
		state     plugin.TrustState
		runs      bool
		reason    string
	}{
		{"signed", good, false, plugin.Signed, true, ""},
		{"no signature", nil, false, plugin.Unsigned, false, "there is no signature"},
		{"no signature, allowed", nil, true, plugin.Unsigned, true, "there is no signature"},
		{"of a stranger", sign(stranger, p.Code), false, plugin.Unsigned, false, "not among the trusted keys"},
		{"of a stranger, allowed", sign(stranger, p.Code), true, plugin.Unsigned, true, "not among the trusted keys"},
		{"of another file", sign(private, []byte("other")), true, plugin.Modified, false, "does not fit"},
		{"with another comment", bytes.Replace(good, []byte("demo 1.0.0"), []byte("demo 2.0.0"), 1), true, plugin.Modified, false, "does not fit"},
		{"cut", good[:len(good)-20], true, plugin.Modified, false, ""},
		{"empty", []byte{}, true, plugin.Modified, false, "4 lines"},
		{"huge", bytes.Repeat([]byte("x"), 1<<20), true, plugin.Modified, false, "longer than"},
	} {
		policy := plugin.Policy{Keys: []minisig.Key{key}}
		if row.allow {
			policy = anybody(key)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "demo.wasm")
		put(t, path, p.Code)
		if row.signature != nil {
			put(t, path+minisig.Extension, row.signature)
		}
		l := plugin.OpenLibrary(plugin.LibraryOptions{Folders: []string{dir}, Store: filepath.Join(dir, "store"), Policy: policy})
		found := l.Catalogue().Version("demo", p.SHA256)
		if found == nil {
			t.Errorf("%s: it is not shown", row.name)
			continue
		}
		if found.Trust.State != row.state || (found.Refused == "") != row.runs || !strings.Contains(found.Trust.Reason, row.reason) ||
			(l.Catalogue().Find("demo") != nil) != row.runs {
			t.Errorf("%s: %+v, refused %q", row.name, found.Trust, found.Refused)
		}
		if (found.Trust.Comment != "") != (row.state == plugin.Signed) || (row.state == plugin.Signed && found.Trust.KeyID != key.ID()) {
			t.Errorf("%s: it shows key %q and comment %q", row.name, found.Trust.KeyID, found.Trust.Comment)
		}
		// What must not run does not, whoever asks.
		i := plugin.NewHost(guest.Engine(t)).NewInstance(plugin.Spec{Name: "x", Package: found, Log: guest.NewLog()})
		if err := i.Start(t.Context()); (err == nil) != row.runs {
			t.Errorf("%s: started %v", row.name, err)
		}
		if err := i.Supersede(t.Context()); err != nil {
			t.Error(err)
		}
		// An upload is judged by the same rules.
		_, err := l.Add(p.Code, row.signature, "admin", time.Now())
		var refused *plugin.RefusedError
		if (err == nil) != row.runs || err != nil && (!errors.As(err, &refused) || refused.Trust.State != row.state) {
			t.Errorf("%s: uploaded: %v", row.name, err)
		}
	}
}

// TestSignatureThatComesLater and one that is replaced are seen.
func TestSignatureThatComesLater(t *testing.T) {
	key, private, err := minisig.Generate()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.wasm")
	p := version(t, "demo", "1.0.0", 1)
	put(t, path, p.Code)
	l := plugin.OpenLibrary(plugin.LibraryOptions{Folders: []string{dir}, Policy: plugin.Policy{Keys: []minisig.Key{key}}})
	if l.Catalogue().Find("demo") != nil {
		t.Error("unsigned, and it may run")
	}
	s, err := private.Sign(p.Code, "demo")
	if err != nil {
		t.Fatal(err)
	}
	put(t, path+minisig.Extension, s.Text())
	l.Rescan()
	l.Rescan()
	if l.Catalogue().Find("demo") == nil {
		t.Errorf("signed now: %+v", l.Catalogue().Versions("demo")[0].Trust)
	}
	put(t, path, version(t, "demo", "1.0.0", 2).Code)
	l.Rescan()
	l.Rescan()
	if v := l.Catalogue().Versions("demo"); len(v) != 1 || v[0].Trust.State != plugin.Modified || l.Catalogue().Find("demo") != nil {
		t.Errorf("changed under its signature: %+v", v[0].Trust)
	}
}

// TestStore: uploads and copies survive, and are known again with all that is
// known of them.
func TestStore(t *testing.T) {
	folder, store := t.TempDir(), filepath.Join(t.TempDir(), "plugins")
	open := func() *plugin.Library {
		return plugin.OpenLibrary(plugin.LibraryOptions{Folders: []string{folder}, Store: store, Policy: anybody()})
	}
	path := filepath.Join(folder, "demo.wasm")
	one, two, three := version(t, "demo", "1.0.0", 1), version(t, "demo", "1.1.0", 2), version(t, "demo", "1.2.0-rc.1", 3)
	put(t, path, one.Code)
	l := open()
	if err := l.Keep(l.Catalogue().Find("demo"), clock); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Add(two.Code, nil, "admin", clock.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if again, err := l.Add(two.Code, nil, "eve", clock.Add(time.Hour)); err != nil || again.By != "admin" {
		t.Errorf("the same file again: %+v, %v", again, err)
	}
	if _, err := l.Add([]byte("no plugin"), nil, "admin", clock); err == nil {
		t.Error("no plugin is taken")
	}
	put(t, path, three.Code)

	l = open()
	c := l.Catalogue()
	kept := c.Version("demo", one.SHA256)
	if kept == nil || kept.InFolder() || !kept.Kept() || kept.Origin != plugin.OriginFolder {
		t.Errorf("the copy: %+v", kept)
	}
	if up := c.Version("demo", two.SHA256); up == nil || up.By != "admin" || up.Origin != plugin.OriginUpload || !up.Added.Equal(clock.Add(time.Second-time.Minute)) {
		t.Errorf("the upload: %+v", up)
	}
	if c.Find("demo").SHA256 != three.SHA256 || len(c.Faults) > 0 {
		t.Errorf("in the folder: %v", c.Faults)
	}
	if err := l.Keep(c.Find("demo"), clock); err != nil {
		t.Fatal(err)
	}
	// Without the folder's file the last one that ran counts, not the highest.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l.Rescan()
	if got := l.Catalogue().Find("demo"); got.SHA256 != three.SHA256 || got.InFolder() {
		t.Errorf("%+v", got)
	}
	if err := l.Prune("demo", 1, func(sum string) bool { return sum == one.SHA256 }); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, p := range open().Catalogue().Versions("demo") {
		left = append(left, p.Manifest.Version)
	}
	if !slices.Equal(left, []string{"1.2.0-rc.1", "1.0.0"}) {
		t.Errorf("left %v", left)
	}
	if err := l.Remove("demo", one.SHA256); err != nil || l.Catalogue().Version("demo", one.SHA256) != nil {
		t.Errorf("removed: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(store, "demo", "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("files left %v, %v", files, err)
	}
}

// TestStoreIsNotBelieved: a copy that is not what was kept is shown and not run.
func TestStoreIsNotBelieved(t *testing.T) {
	store := filepath.Join(t.TempDir(), "plugins")
	o := plugin.LibraryOptions{Store: store, Policy: anybody()}
	one := version(t, "demo", "1.0.0", 1)
	if _, err := plugin.OpenLibrary(o).Add(one.Code, nil, "admin", clock); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(store, "demo", "*.wasm"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	other := version(t, "demo", "1.0.0", 2)
	put(t, files[0], other.Code)
	c := plugin.OpenLibrary(o).Catalogue()
	if v := c.Version("demo", other.SHA256); v == nil || v.Trust.State != plugin.Modified || c.Find("demo") != nil {
		t.Errorf("%+v", v)
	}
	put(t, files[0], []byte("damaged"))
	if c := plugin.OpenLibrary(o).Catalogue(); len(c.Faults) != 1 || len(c.All()) != 0 {
		t.Errorf("%v", c.Faults)
	}
	put(t, files[0], one.Code)
	put(t, files[0]+".json", []byte("{"))
	if c := plugin.OpenLibrary(o).Catalogue(); len(c.Faults) != 1 || len(c.All()) != 0 {
		t.Errorf("%v", c.Faults)
	}
	if _, err := plugin.OpenLibrary(plugin.LibraryOptions{}).Add(one.Code, nil, "", clock); err == nil {
		t.Error("a library without a store keeps files")
	}
}

// TestShipped: beside the binary only, and only if nobody else can write there.
func TestShipped(t *testing.T) {
	home := t.TempDir()
	binary, folder := filepath.Join(home, "patchbay"), filepath.Join(home, "plugins")
	put(t, binary, []byte("x"))
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	put(t, filepath.Join(folder, "demo.wasm"), version(t, "demo", "1.0.0", 1).Code)
	put(t, filepath.Join(elsewhere, "demo.wasm"), version(t, "demo", "2.0.0", 2).Code)
	find := func(folders ...string) string {
		l := plugin.OpenLibrary(plugin.LibraryOptions{
			Folders: folders, Binary: binary, Store: filepath.Join(home, "store"), Policy: plugin.Policy{Unsigned: []plugin.Origin{plugin.OriginShipped}},
		})
		if _, err := l.Add(version(t, "demo", "3.0.0", 3).Code, nil, "admin", clock); err == nil {
			t.Error("an unsigned upload counts as shipped")
		}
		return names(l.Catalogue())
	}
	chmod := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if got := find(folder, elsewhere); got != "demo 1.0.0" {
		t.Errorf("shipped: %q", got)
	}
	link := filepath.Join(t.TempDir(), "linked")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	if got := find(link); got != "demo 1.0.0" {
		t.Errorf("by another path: %q", got)
	}
	chmod(filepath.Join(folder, "demo.wasm"), 0o666)
	if got := find(folder); got != "" {
		t.Errorf("a file that everybody can write: %q", got)
	}
	chmod(filepath.Join(folder, "demo.wasm"), 0o644)
	chmod(folder, 0o777)
	if got := find(folder); got != "" {
		t.Errorf("a folder that everybody can write: %q", got)
	}
	chmod(home, 0o777)
	if got := find(folder); got != "demo 1.0.0" {
		t.Errorf("who can write there can replace the binary, too: %q", got)
	}
	chmod(home, 0o755)
	chmod(folder, 0o755)
	if err := os.Remove(filepath.Join(folder, "demo.wasm")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(elsewhere, "demo.wasm"), filepath.Join(folder, "demo.wasm")); err != nil {
		t.Fatal(err)
	}
	if got := find(folder); got != "" {
		t.Errorf("a link to somewhere else: %q", got)
	}
}

func TestCompare(t *testing.T) {
	before := version(t, "demo", "1.0.0", 1).Manifest
	text := strings.NewReplacer(
		`"operations": ["http_fetch"]`, `"hosts": ["a.example", "*.b.example"], "operations": ["http_fetch"]`,
		`"capabilities": [`, `"capabilities": [{"name": "kv", "operations": ["kv_get"], "reason": {"en": "To remember.", "ru": "Чтобы помнить."}},`,
		`"operations": ["send"]`, `"operations": ["send", "status"]`,
		`"abi": 1,`, `"abi": 1, "settings": {"type": "object", "required": ["url"], "properties": {
			"url": {"type": "string", "title": "U", "x-title-ru": "А"}, "note": {"type": "string", "title": "N", "x-title-ru": "З"}}},`,
	).Replace(string(manifestOf("demo")))
	p, err := plugin.Pack(guest.Asm{}.Bytes(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	after := p.Manifest
	d := plugin.Compare(before, after)
	for name, row := range map[string]struct {
		got  plugin.Delta
		want string
	}{
		"capabilities": {d.Capabilities, "kv"}, "operations": {d.Operations, "kv_get"}, "hosts": {d.Hosts, "*.b.example a.example"},
		"settings": {d.Settings, "note url"}, "required": {d.Required, "url"}, "actions": {d.Actions, ""}, "points": {d.Points, "sms.provider/status"},
	} {
		if strings.Join(row.got.Added, " ") != row.want || len(row.got.Removed) != 0 {
			t.Errorf("%s: %+v", name, row.got)
		}
	}
	back := plugin.Compare(after, before)
	if strings.Join(back.Operations.Removed, " ") != "kv_get" || !back.Actions.Empty() || len(back.Hosts.Added) != 0 {
		t.Errorf("back: %+v", back)
	}
	asks := p.Asks()
	if len(asks) != 2 || asks[0].Capability != "kv" || asks[1].Operations[0].Used {
		t.Fatalf("%+v", asks)
	}
	if en, ru := asks[1].In("en"), asks[1].In("ru"); !strings.Contains(en, "over HTTP") || !strings.Contains(en, "a.example, *.b.example") || !strings.Contains(ru, "Чтобы отправлять.") {
		t.Errorf("%q, %q", en, ru)
	}
}
