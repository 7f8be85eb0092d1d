package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// editions writes versions of the module demo and returns their paths by version.
func editions(t *testing.T, versions ...string) map[string]string {
	t.Helper()
	folder := t.TempDir()
	if err := tool("go", append([]string{"run", filepath.Join(root, "core", "e2e", "testdata", "versions"), folder}, versions...)...); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, v := range versions {
		out[v] = filepath.Join(folder, "demo-"+v+".wasm")
	}
	return out
}

// demoWorld is a gateway with the module demo, whose files come and go.
type demoWorld struct {
	*world
	folder string // of plugins
	home   string // of gateway.hcl and data
}

const demoBase = `
gateway {
  plugins = ["{folder}"]
  {gateway}
}
limits {
  user   = "off"
  action = "off"
}
upgrade {
  watch   = "100ms"
  crashes = 2
}
module "demo" {}
`

func newDemoWorld(t *testing.T, config string) *demoWorld {
	t.Helper()
	d := &demoWorld{world: &world{t: t, client: newClient(t)}, home: t.TempDir()}
	d.folder = filepath.Join(d.home, "plugins")
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	d.text = expand(config, map[string]string{"folder": d.folder})
	g, err := launchGateway(d.home, d.text, "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.gateway = g
	g.process.attach(t, g.end)
	d.prepareUsers()
	return d
}

// restart ends the gateway as a crash would and starts it on the same data.
func (d *demoWorld) restart() {
	d.t.Helper()
	d.process.Kill()
	g, err := launchGateway(d.home, d.text, d.listen, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.gateway = g
	g.process.attach(d.t, g.end)
}

func (d *demoWorld) say() string {
	d.t.Helper()
	a := d.post(d.t, "/demo/say", `{}`)
	if a.status != http.StatusOK {
		return fmt.Sprint(a.status)
	}
	return strings.Trim(a.body, "\"\n")
}

func (d *demoWorld) says(version string) {
	d.t.Helper()
	eventually(d.t, "version "+version+" to answer", func() bool { return d.say() == version })
}

// drop puts a file with its signature, if there is one, into the plugin folder.
func (d *demoWorld) drop(path, name string) {
	d.t.Helper()
	for _, extension := range []string{".minisig", ""} {
		content, err := os.ReadFile(path + extension)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(d.folder, name+extension), content, 0o600)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

type pluginDetail struct {
	SHA256 string `json:"sha256"`
	Trial  *struct{ Crashes int }
	Files  []struct {
		Version, SHA256, State, Reason string
		Trust                          struct{ State, Comment string }
	}
}

func (d *demoWorld) detail() pluginDetail {
	d.t.Helper()
	return decode[pluginDetail](d.t, d.do(d.t, "GET", adminAPI+"/plugins/demo", "", "Authorization", "Bearer "+d.adminToken))
}

func (p pluginDetail) state(version string) (state, reason string) {
	for _, f := range p.Files {
		if f.Version == version {
			return f.State, f.Reason
		}
	}
	return "", ""
}

// cli runs the gateway's program and returns what it printed.
func cli(t testing.TB, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), patchbay, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *demoWorld) install(args ...string) (string, error) {
	return cli(d.t, nil, append([]string{"plugin", "install", "--config", filepath.Join(d.home, "gateway.hcl"), "--data", filepath.Join(d.home, "data")}, args...)...)
}

// TestInstallAndUpgrade is the life of a plugin in a running gateway: installed
// by the command, upgraded under load, killed in the middle of a trial, and
// brought back.
func TestInstallAndUpgrade(t *testing.T) {
	t.Parallel()
	files := editions(t, "1.0.0", "1.1.0", "1.2.0", "1.3.0")
	d := newDemoWorld(t, demoBase+"trust {\n unsigned = \"allow\"\n}\n")
	if out, err := d.install("--upgrade", "--consent", files["1.0.0"]); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.says("1.0.0")

	stop := make(chan struct{})
	var load sync.WaitGroup
	var served atomic.Int64
	for range 8 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := d.send("POST", "/demo/say", `{}`, "Authorization", "Bearer "+d.token)
				if err != nil || a.status != http.StatusOK {
					t.Errorf("under load: %d %s, %v", a.status, a.body, err)
					return
				}
				served.Add(1)
			}
		})
	}
	for _, version := range []string{"1.1.0", "1.2.0"} {
		if out, err := d.install("--upgrade", files[version]); err != nil || !strings.Contains(out, "it is in force") {
			t.Errorf("%v: %s", err, out)
		}
		before := served.Load()
		eventually(t, "requests", func() bool { return served.Load() > before+200 || t.Failed() })
		d.says(version)
	}
	d.drop(files["1.3.0"], "demo.wasm") // an operator has chosen: it is not taken
	eventually(t, "the file to be seen", func() bool { s, _ := d.detail().state("1.3.0"); return s == "available" })
	close(stop)
	load.Wait()

	// Two crashes bring the old version back; the gateway is killed between them.
	crash := func() {
		t.Helper()
		if a := d.post(t, "/demo/die", `{}`); a.status < 500 {
			t.Errorf("die: %d %s", a.status, a.body)
		}
	}
	crash()
	eventually(t, "the crash to be noted", func() bool { p := d.detail(); return p.Trial != nil && p.Trial.Crashes == 1 })
	d.restart()
	d.says("1.2.0")
	if p := d.detail(); p.Trial == nil || p.Trial.Crashes != 1 {
		t.Errorf("after the kill: %+v", p)
	}
	crash()
	d.says("1.1.0")
	eventually(t, "the reason", func() bool {
		state, reason := d.detail().state("1.2.0")
		return state == "rejected" && strings.Contains(reason, "it crashed 2 times")
	})
	d.restart()
	d.says("1.1.0")
}

// TestSignedPlugins: what this program signs minisign verifies and the other way
// round; a gateway that refuses unsigned files runs the signed ones alone.
func TestSignedPlugins(t *testing.T) {
	t.Parallel()
	files := editions(t, "1.0.0", "1.1.0", "1.2.0", "1.3.0")
	keys := t.TempDir()
	secret, public := filepath.Join(keys, "vendor.key"), filepath.Join(keys, "vendor.pub")
	must := func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	out := must(cli(t, nil, "plugin", "keygen", "--no-password", "--key", secret, "--public", public))
	_, rest, _ := strings.Cut(out, `keys = ["`)
	key, _, _ := strings.Cut(rest, `"`)
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
	if out, err := cli(t, nil, "plugin", "keygen", "--no-password", "--key", secret, "--public", public); err == nil {
		t.Errorf("a key is overwritten: %s", out)
	}
	must(cli(t, nil, "plugin", "sign", "--key", secret, files["1.0.0"]))
	must(cli(t, nil, "plugin", "verify", "--key", key, files["1.0.0"]))
	must(cli(t, nil, "plugin", "verify", "--key", public, files["1.0.0"]))
	if out, err := exec.Command("minisign", "-V", "-P", key, "-m", files["1.0.0"]).CombinedOutput(); err != nil || !strings.Contains(string(out), "plugin:demo version:1.0.0") {
		t.Errorf("minisign: %v: %s", err, out)
	}
	// A vendor that uses minisign itself.
	foreign := filepath.Join(keys, "foreign")
	if out, err := exec.Command("minisign", "-G", "-W", "-p", foreign+".pub", "-s", foreign+".key").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("minisign", "-S", "-W", "-s", foreign+".key", "-m", files["1.1.0"], "-t", "by hand").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(cli(t, nil, "plugin", "verify", "--key", foreign+".pub", files["1.1.0"]))
	if out, err := cli(t, nil, "plugin", "verify", "--key", key, files["1.1.0"]); err == nil {
		t.Errorf("verified by another key: %s", out)
	}

	d := newDemoWorld(t, demoBase+"trust {\n unsigned = \"refuse\"\n keys = [\""+key+"\", file(\""+foreign+".pub\")]\n}\n")
	d.drop(files["1.0.0"], "demo.wasm")
	d.says("1.0.0")
	d.drop(files["1.1.0"], "demo.wasm")
	d.says("1.1.0")
	if p := d.detail(); p.Files[0].Trust.State != "signed" || p.Files[0].Trust.Comment != "by hand" {
		t.Errorf("%+v", p)
	}
	if out, err := d.install(files["1.2.0"]); err == nil || !strings.Contains(out, "unsigned: there is no signature") {
		t.Errorf("an unsigned file is taken: %v: %s", err, out)
	}
	// A file that was changed after it was signed, beside its old signature.
	must(cli(t, nil, "plugin", "sign", "--key", secret, files["1.2.0"]))
	content, err := os.ReadFile(files["1.3.0"])
	if err == nil {
		err = os.WriteFile(files["1.2.0"], content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := d.install(files["1.2.0"]); err == nil || !strings.Contains(out, "modified") {
		t.Errorf("a modified file is taken: %v: %s", err, out)
	}
	d.drop(files["1.2.0"], "demo-new.wasm")
	eventually(t, "the modified file to be shown", func() bool {
		state, reason := d.detail().state("1.3.0")
		return state == "refused" && strings.Contains(reason, "modified")
	})
	if got := d.say(); got != "1.1.0" {
		t.Errorf("%s serves", got)
	}
	must(cli(t, nil, "plugin", "sign", "--key", secret, files["1.3.0"]))
	must(d.install("--upgrade", files["1.3.0"]))
	d.says("1.3.0")
	d.restart()
	d.says("1.3.0") // the copy's signature was verified again
}

// TestShippedPluginsNeedNoSignature by default, and others do.
func TestShippedPluginsNeedNoSignature(t *testing.T) {
	t.Parallel()
	files := editions(t, "1.0.0")
	d := newDemoWorld(t, strings.Replace(demoBase, `["{folder}"]`, `["{folder}", "`+plugins+`"]`, 1)+"module \"sms\" {}\n")
	d.drop(files["1.0.0"], "demo.wasm")
	eventually(t, "the file to be shown", func() bool { state, _ := d.detail().state("1.0.0"); return state == "refused" })
	eventually(t, "the module that was shipped", func() bool {
		a := d.post(t, "/sms/send", `{}`)
		return a.status != http.StatusServiceUnavailable && a.status != http.StatusMethodNotAllowed
	})
	if got := d.say(); got != "405" {
		t.Errorf("an unsigned file runs: %s", got)
	}
}
