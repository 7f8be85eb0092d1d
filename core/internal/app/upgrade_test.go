package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func demo(t *testing.T, u *upstream, more map[string]string, editions ...edition) *rig {
	t.Helper()
	values := map[string]string{"blocks": demoModule, "upstream": u.host()}
	for k, v := range more {
		values[k] = v
	}
	return newDemo(t, demoConfig, values, editions...)
}

// TestUpgradeUnderLoad replaces a plugin again and again while requests come and
// while hundreds wait for an upstream. Nobody sees anything but an answer.
func TestUpgradeUnderLoad(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, nil, edition{version: "1.0.0", upstream: u.URL})
	r.says("1.0.0")

	const waiting, callers, upgrades = 300, 4, 5
	var inFlight, load sync.WaitGroup
	var old atomic.Int64
	for range waiting {
		inFlight.Go(func() {
			if a := r.send("auditor", "POST", "/demo/wait", `{}`); a.status != 200 {
				t.Errorf("a suspended request: %d %s", a.status, a.text)
			} else if a.json == "1.0.0" {
				old.Add(1)
			}
		})
	}
	for range waiting {
		<-u.waiting
	}
	stop := make(chan struct{})
	var served [upgrades + 1]atomic.Int64
	for range callers {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := r.send("auditor", "POST", "/demo/say", `{}`)
				version, _ := a.json.(string)
				n := 0
				if _, err := fmt.Sscanf(version, "1.%d.0", &n); a.status != 200 || err != nil {
					t.Errorf("%d %s", a.status, a.text)
					return
				}
				served[n].Add(1)
			}
		})
	}
	for n := 1; n <= upgrades; n++ {
		sum := r.upload(edition{version: fmt.Sprintf("1.%d.0", n), upstream: u.URL})
		a := r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+sum+`"}`)
		if a.at("sha256") != sum || a.at("trial", "limit") != 2.0 {
			t.Errorf("upgrade: %s", a.text)
		}
		before := served[n].Load()
		r.becomes("requests to the new version", func() bool { return served[n].Load() > before+20 || t.Failed() })
	}
	close(stop)
	load.Wait()
	u.open()
	inFlight.Wait()
	if old.Load() != waiting {
		t.Errorf("%d of %d suspended requests ended where they began", old.Load(), waiting)
	}
	for n := range served {
		if served[n].Load() == 0 {
			t.Errorf("version 1.%d.0 served nobody", n)
		}
	}
	if got := r.lastAudit(2); !slices.Equal(got, []string{"plugin.upgrade demo by admin", "plugin.upload demo by admin"}) {
		t.Errorf("audit %v", got)
	}
	if files := r.detail().at("files").([]any); len(files) > 6 { // in force, to come back, in the folder, three more
		t.Errorf("%d versions are kept", len(files))
	}
}

// TestFolderIsWatched: new files come into force by themselves; what does not
// start, crashes or is not healthy goes again, with its reason.
func TestFolderIsWatched(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, nil)
	if got := r.say(); got != "405" {
		t.Fatalf("without a plugin: %s", got)
	}
	one := edition{version: "1.0.0", upstream: u.URL}
	r.drop("demo.wasm", one.file(t).Code)
	r.says("1.0.0")

	r.drop("demo.wasm", edition{version: "1.1.0", upstream: u.URL}.file(t).Code)
	r.says("1.1.0")
	if d := r.detail(); d.at("follow") != true || d.at("trial", "previous") != one.file(t).SHA256 || d.file("1.1.0").at("state") != "on trial" ||
		d.file("1.0.0").at("kept") != true || d.file("1.0.0").at("in_folder") != false {
		t.Errorf("%s", d.text)
	}
	r.becomes("the record", func() bool { return r.lastAudit(1)[0] == "plugin.upgrade demo by gateway" })

	rejected := func(version, reason string) {
		t.Helper()
		r.becomes(version+" to be rejected", func() bool { return r.detail().file(version).at("state") == "rejected" })
		if got, _ := r.detail().file(version).at("reason").(string); !strings.Contains(got, reason) {
			t.Errorf("%s: %q, want %q", version, got, reason)
		}
		// The record follows the deed.
		r.becomes("the record", func() bool { return r.lastAudit(1)[0] == "plugin.rollback demo by gateway" })
		r.says("1.1.0")
	}
	r.drop("demo.wasm", edition{version: "1.2.0", upstream: u.URL, broken: true}.file(t).Code)
	rejected("1.2.0", "unreachable")
	r.drop("demo.wasm", edition{version: "1.3.0", upstream: u.URL, sick: true}.file(t).Code)
	rejected("1.3.0", "the doctor says no")
	r.drop("demo.wasm", edition{version: "1.4.0", upstream: u.URL}.file(t).Code)
	r.says("1.4.0")
	for range 2 {
		if a := r.send("auditor", "POST", "/demo/die", `{}`); a.status < 500 {
			t.Errorf("die: %d %s", a.status, a.text)
		}
		r.becomes("a new guest", func() bool { got := r.say(); return got == "1.4.0" || got == "1.1.0" })
	}
	rejected("1.4.0", "it crashed 2 times")
	d := r.detail()
	if d.at("crashes", 0, "version") != "1.4.0" || d.at("crashes", 0, "instance") != "demo" || d.at("sha256") == d.file("1.4.0").at("sha256") {
		t.Errorf("%s", d.text)
	}

	// A file that is removed runs on; half a file and rubbish disturb nobody.
	r.drop("demo.wasm", edition{version: "1.5.0", upstream: u.URL}.file(t).Code)
	r.says("1.5.0")
	if err := os.Remove(filepath.Join(r.folder, "plugins", "demo.wasm")); err != nil {
		t.Fatal(err)
	}
	r.drop("rubbish.wasm", []byte("no plugin"))
	r.becomes("the file to be missed", func() bool {
		f := r.detail().file("1.5.0")
		faults, _ := r.want(200, "auditor", "GET", "/plugins", "").at("faults").([]any)
		return f.at("in_folder") == false && f.at("kept") == true && len(faults) == 1
	})
	r.says("1.5.0")

	// All of it survives a restart: the trial, the rejections, the crashes.
	trial := r.detail().at("trial", "until")
	r.stop()
	r.start()
	r.says("1.5.0")
	d = r.detail()
	if d.at("trial", "until") != trial || d.file("1.4.0").at("state") != "rejected" || len(d.at("crashes").([]any)) == 0 {
		t.Errorf("after a restart: %s", d.text)
	}
	for range 2 {
		r.send("auditor", "POST", "/demo/die", `{}`)
		r.becomes("a new guest", func() bool { got := r.say(); return got == "1.5.0" || got == "1.1.0" })
	}
	r.says("1.1.0") // the previous version of the interrupted trial
	metrics := r.text("/metrics")
	for _, want := range []string{`patchbay_plugin_version_info{plugin="demo",sha256="` + d.file("1.1.0").at("sha256").(string), `patchbay_plugin_rollbacks_total{plugin="demo"} 1`, `patchbay_plugin_trial{plugin="demo"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// TestConsent: an upgrade that asks for more waits; the old version serves on.
func TestConsent(t *testing.T) {
	u := newUpstream(t)
	hosts := `["` + u.host() + `","api.example"]`
	r := demo(t, u, map[string]string{"blocks": ""})
	one := r.upload(edition{version: "1.0.0", upstream: u.URL})
	r.want(200, "administrator", "PUT", "/modules/demo/enabled", `{"enabled":true}`)
	// Nobody has consented to an uploaded plugin yet.
	if m := r.want(200, "auditor", "GET", "/modules/demo", ""); m.at("state", "name") != "waiting for consent" || r.say() != "405" {
		t.Errorf("%s, %s", m.at("state"), r.say())
	}
	if !strings.Contains(r.text("/metrics"), `patchbay_plugin_state{instance="demo",plugin="demo",state="waiting for consent"} 1`) {
		t.Error("/metrics does not show that it waits")
	}
	consent := func(status int, sum, more string) answer {
		t.Helper()
		return r.want(status, "administrator", "POST", "/plugins/demo/consent", `{"sha256":"`+sum+`"`+more+`}`)
	}
	consent(422, one, `,"granted":[]`)
	consent(422, one, `,"granted":["http","kv"]`)
	consent(200, one, `,"granted":["http"],"hosts":["`+u.host()+`"],"private":true`)
	r.says("1.0.0")
	if got := r.lastAudit(1); got[0] != "plugin.consent demo by admin" {
		t.Errorf("audit %v", got)
	}

	two := r.upload(edition{version: "1.1.0", upstream: u.URL, kv: true, hosts: hosts})
	d := r.want(200, "auditor", "GET", "/plugins/demo/difference?to="+two, "")
	if d.at("from") != one || d.at("operations", "added", 0) != "kv_get" || d.at("capabilities", "added", 0) != "kv" || d.at("hosts", "added", 1) != "api.example" ||
		len(d.at("asks").([]any)) != 2 || !strings.Contains(d.at("lacks", 0).(string), "demo: host api.example, kv_get") {
		t.Errorf("difference: %s", d.text)
	}
	w := r.want(202, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+two+`"}`)
	if w.at("sha256") != one || w.at("waiting", "sha256") != two || w.at("waiting", "by") != "admin" || !strings.Contains(w.at("lacks", 0).(string), "kv_get") ||
		w.file("1.1.0").at("state") != "waiting for consent" {
		t.Errorf("upgrade: %s", w.text)
	}
	if got := r.lastAudit(1); got[0] != "plugin.wait demo by admin" {
		t.Errorf("audit %v", got)
	}
	// It waits over a restart, too.
	r.stop()
	r.start()
	r.says("1.0.0")
	if r.detail().at("waiting", "version") != "1.1.0" {
		t.Errorf("after a restart: %s", r.detail().text)
	}
	r.want(409, "administrator", "DELETE", "/plugins/demo/versions/"+two, "")
	consent(422, two, `,"granted":["http"]`) // its code cannot start without kv
	// A host may be declined.
	done := consent(200, two, `,"granted":["http","kv"],"hosts":["`+u.host()+`"],"private":true`)
	if done.at("sha256") != two || done.at("waiting") != nil || r.say() != "1.1.0" {
		t.Errorf("consent: %s", done.text)
	}
	consent(409, two, `,"granted":["http","kv"]`) // nobody lacks anything

	// Fewer wishes need no consent.
	three := r.upload(edition{version: "1.2.0", upstream: u.URL})
	r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+three+`"}`)
	r.says("1.2.0")
	// The grant can be changed afterwards; the instance restarts with it.
	etag := r.want(200, "auditor", "GET", "/modules/demo", "").header.Get("ETag")
	r.want(428, "administrator", "PUT", "/modules/demo/grant", `{"granted":["http"]}`)
	r.want(422, "administrator", "PUT", "/modules/demo/grant", `{"granted":[]}`, "If-Match", etag)
	r.want(200, "administrator", "PUT", "/modules/demo/grant", `{"granted":["http"],"hosts":["elsewhere.example"]}`, "If-Match", etag)
	if a := r.send("auditor", "POST", "/demo/wait", `{}`); a.status != 200 { // the guest does not look at the answer
		t.Errorf("%d %s", a.status, a.text)
	}
	select {
	case <-u.waiting:
		t.Error("a host that is not granted any more was reached")
	default:
	}
}

// TestConsentOfFolders: a file that is put into a folder is the operator's word at
// first; more than that has to be granted, in the panel or in the file.
func TestConsentOfFolders(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, nil, edition{version: "1.0.0", upstream: u.URL})
	r.says("1.0.0")
	two := edition{version: "1.1.0", upstream: u.URL, kv: true}.file(t)
	r.drop("demo-0.wasm", two.Code)
	r.becomes("the upgrade to wait", func() bool { return r.detail().at("waiting", "sha256") == two.SHA256 })
	r.becomes("the record", func() bool { return r.lastAudit(1)[0] == "plugin.wait demo by gateway" })
	if got := r.say(); got != "1.0.0" {
		t.Errorf("%s serves", got)
	}
	r.stop()
	r.start()
	r.says("1.0.0") // from the gateway's own copy: the file is gone
	r.want(200, "administrator", "POST", "/plugins/demo/consent", `{"sha256":"`+two.SHA256+`","granted":["http","kv"]}`)
	r.says("1.1.0")
	if d := r.detail(); d.at("follow") != true {
		t.Errorf("%s", d.text)
	}
	// What gateway.hcl grants explicitly it alone can extend.
	if err := r.edit(`module "demo" {
  grant {`, `module "demo" {
  grant {
    capabilities = ["http", "kv"]`); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start()
	r.says("1.1.0")
	r.want(409, "administrator", "PUT", "/modules/demo/grant", `{"granted":["http","kv"]}`, "If-Match", "*")
}

// TestUploadAfterFolder: an uploaded version that asks for no more than the one of
// the folder takes over without a word; one that asks for more waits.
func TestUploadAfterFolder(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, map[string]string{"blocks": "module \"demo\" {}\n"}, edition{version: "1.0.0", upstream: u.URL})
	r.says("1.0.0")
	two := r.upload(edition{version: "1.1.0", upstream: u.URL})
	r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+two+`"}`)
	if got := r.say(); got != "1.1.0" {
		t.Errorf("%s: %s", got, r.want(200, "auditor", "GET", "/modules/demo", "").text)
	}
	three := r.upload(edition{version: "1.2.0", upstream: u.URL, kv: true})
	r.want(202, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+three+`"}`)
	if got := r.say(); got != "1.1.0" {
		t.Errorf("%s serves", got)
	}
}

// TestRollbackAndRemove by hand.
func TestRollbackAndRemove(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, map[string]string{"upgrade": `trial = "0s"`}, edition{version: "1.0.0", upstream: u.URL})
	r.says("1.0.0")
	first, _ := r.detail().at("sha256").(string)
	r.want(409, "administrator", "POST", "/plugins/demo/rollback", `{}`)
	two := r.upload(edition{version: "1.1.0", upstream: u.URL})
	bad := r.upload(edition{version: "1.2.0", upstream: u.URL, broken: true})
	r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+two+`"}`)
	r.says("1.1.0")
	if d := r.detail(); d.at("trial") != nil || d.at("follow") != false {
		t.Errorf("%s", d.text)
	}
	// A version that does not start leaves everything as it is, and says why.
	a := r.want(422, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+bad+`"}`)
	if !strings.Contains(a.text, "unreachable") || r.say() != "1.1.0" || r.detail().file("1.2.0").at("state") != "rejected" {
		t.Errorf("%s", a.text)
	}
	// Back, and further back, until there is nothing before.
	three := r.upload(edition{version: "1.3.0", upstream: u.URL})
	r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+three+`"}`)
	etag := r.detail().header.Get("ETag")
	if back := r.want(200, "administrator", "POST", "/plugins/demo/rollback", `{}`, "If-Match", etag); back.at("sha256") != two || r.say() != "1.1.0" {
		t.Errorf("%s", back.text)
	}
	r.want(412, "administrator", "POST", "/plugins/demo/rollback", `{}`, "If-Match", etag)
	back := r.want(200, "administrator", "POST", "/plugins/demo/rollback", `{}`)
	if back.at("sha256") != first || r.say() != "1.0.0" {
		t.Errorf("%s", back.text)
	}
	r.want(409, "administrator", "POST", "/plugins/demo/rollback", `{}`)
	if got := r.lastAudit(1); got[0] != "plugin.rollback demo by admin" {
		t.Errorf("audit %v", got)
	}
	// Newer files of the folder are not taken while an operator has chosen.
	r.drop("demo-0.wasm", edition{version: "2.0.0", upstream: u.URL}.file(t).Code)
	r.becomes("the file to be seen", func() bool { return r.detail().file("2.0.0").at("state") == "available" })
	if got := r.say(); got != "1.0.0" {
		t.Errorf("%s was taken", got)
	}
	inUse := r.want(409, "administrator", "DELETE", "/plugins/demo/versions/"+first, "")
	if !strings.Contains(inUse.text, "instance demo runs it") {
		t.Errorf("%s", inUse.text)
	}
	r.want(204, "administrator", "DELETE", "/plugins/demo/versions/"+two, "")
	r.want(404, "administrator", "DELETE", "/plugins/demo/versions/"+two, "")
	r.want(422, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+two+`"}`)
	r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"follow":true}`)
	r.says("2.0.0")
	r.want(409, "administrator", "DELETE", "/plugins/demo/versions/"+r.detail().at("sha256").(string), "")
	for _, body := range []string{`{}`, `{"sha256":"x"}`, `{"sha256":1}`, `{"sha256":"` + first + `","follow":true}`} {
		if a := r.call("administrator", "POST", "/plugins/demo/upgrade", body); a.status != 422 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
	r.want(404, "administrator", "POST", "/plugins/nobody/upgrade", `{"sha256":"x"}`)
	r.want(404, "auditor", "GET", "/plugins/nobody", "")
	r.want(422, "auditor", "GET", "/plugins/demo/difference", "")
}

// TestPinnedVersion: what gateway.hcl names wins over everything.
func TestPinnedVersion(t *testing.T) {
	u := newUpstream(t)
	one := edition{version: "1.0.0", upstream: u.URL}
	block := strings.Replace(demoModule, "grant {", `sha256 = "`+one.file(t).SHA256+`"`+"\n  grant {", 1)
	r := demo(t, u, map[string]string{"blocks": block}, one, edition{version: "1.1.0", upstream: u.URL})
	r.says("1.0.0")
	two, _ := r.detail().file("1.1.0").at("sha256").(string)
	a := r.want(409, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+two+`"}`)
	if at, _ := a.at("violations", 0, "at").(string); !strings.Contains(at, "gateway.hcl:") {
		t.Errorf("%s", a.text)
	}
	r.drop("more.wasm", edition{version: "1.2.0", upstream: u.URL}.file(t).Code)
	r.becomes("the file to be seen", func() bool { return r.detail().file("1.2.0").json != nil })
	if got := r.say(); got != "1.0.0" || r.detail().file("1.0.0").at("state") != "pinned" {
		t.Errorf("%s, %s", got, r.detail().text)
	}
}

// TestUploadRefuses what is no plugin, too large, or not from an administrator.
func TestUploadRefuses(t *testing.T) {
	u := newUpstream(t)
	r := demo(t, u, map[string]string{"blocks": ""})
	good := string(edition{version: "1.0.0", upstream: u.URL}.file(t).Code)
	form := func(parts ...string) (string, string) {
		var b strings.Builder
		for i := 0; i < len(parts); i += 2 {
			fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; name=%q; filename=\"f\"\r\n\r\n%s\r\n", parts[i], parts[i+1])
		}
		return b.String() + "--x--\r\n", "multipart/form-data; boundary=x"
	}
	large := strings.Repeat("x", 2<<20) // more than other requests may send
	for _, row := range []struct {
		name, user, body, kind string
		status                 int
	}{
		{"no type", "administrator", good, "", 415},
		{"JSON", "administrator", good, "application/json", 415},
		{"nothing", "administrator", "", "application/wasm", 422},
		{"rubbish", "administrator", "rubbish", "application/wasm", 422},
		{"large rubbish", "administrator", large, "application/wasm", 422},
		{"of an auditor", "auditor", good, "application/wasm", 403},
		{"of nobody", "", good, "application/wasm", 401},
	} {
		var headers []string
		if row.kind != "" {
			headers = []string{"Content-Type", row.kind}
		}
		if row.kind == "" {
			headers = []string{"Content-Type", ""}
		}
		if a := r.call(row.user, "POST", "/plugins", row.body, headers...); a.status != row.status {
			t.Errorf("%s: %d %s, want %d", row.name, a.status, a.text, row.status)
		}
	}
	// Others are refused before they have sent anything.
	for _, user := range []string{"auditor", ""} {
		if got := r.announce(user, len(large)); got != 413 {
			t.Errorf("a large file of %q: %d", user, got)
		}
	}
	for name, parts := range map[string][]string{
		"two files": {"file", good, "file", good}, "another field": {"file", good, "note", "x"}, "no file": {"signature", "x"},
		"a signature that is none": {"file", good, "signature", "x"}, "a signature that is too long": {"file", good, "signature", strings.Repeat("x", 5000)},
	} {
		body, kind := form(parts...)
		if a := r.call("administrator", "POST", "/plugins", body, "Content-Type", kind); a.status != 422 && a.status != 413 {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	if a := r.call("administrator", "POST", "/plugins", "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x"); a.status != 422 {
		t.Errorf("a broken form: %d %s", a.status, a.text)
	}
	if list := r.want(200, "auditor", "GET", "/plugins", "").at("plugins").([]any); len(list) != 0 {
		t.Errorf("taken: %v", list)
	}
	body, kind := form("file", good)
	if a := r.call("administrator", "POST", "/plugins", body, "Content-Type", kind); a.status != 201 || a.at("file", "trust", "state") != "unsigned" {
		t.Errorf("a good form: %d %s", a.status, a.text)
	}
}
