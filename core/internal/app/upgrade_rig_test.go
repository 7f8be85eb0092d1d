package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// edition is one version of the plugin "demo", assembled by hand so that it
// compiles at once. Its action "say" answers with the version, "wait" asks the
// upstream and answers then, "die" crashes.
type edition struct {
	id, version string
	manifest    string // more of the manifest
	hosts       string // of http, as JSON
	kv          bool   // asks for kv, too
	upstream    string
	broken      bool // its start traps
	sick        bool // its health says no
	health      bool
}

func (e edition) file(t testing.TB) *plugin.Package {
	t.Helper()
	const replyAt, requestAt, errorAt = guest.FreeAt, guest.FreeAt + 0x400, guest.FreeAt + 0x800
	reply := (&abi.Reply{Body: abi.AppendString(nil, e.version)}).Append(nil)
	request := (&abi.HTTPRequest{URL: e.upstream + "/slow"}).Append(nil)
	fault := (&abi.Error{Code: abi.CodeUnavailable, Message: "demo", Detail: "the doctor says no"}).Append(nil)
	answer := guest.Seq(guest.ReplyWith(replyAt, len(reply)), guest.State(abi.Finished))
	start := []byte{}
	if e.sick {
		start = guest.IfKind(abi.Health, guest.Seq(guest.ReplyWith(errorAt, len(fault)), guest.State(abi.Failed)))
	}
	asm := guest.Asm{
		Operations: []string{abi.OpHTTPFetch},
		Data:       map[uint32][]byte{replyAt: reply, requestAt: request, errorAt: fault},
		Start: guest.Body(start,
			guest.IfKind(abi.Action, guest.Seq(
				guest.IfName('d', guest.Trap()),
				guest.IfName('w', guest.Seq(guest.Call3(2, guest.Task(), requestAt, len(request)), guest.State(abi.Suspended))),
				answer)),
			guest.Reply(), guest.Const(int(abi.Finished))),
		Resume: guest.Body(guest.ReplyWith(replyAt, len(reply)), guest.Const(int(abi.Finished))),
	}
	capabilities := `{"name":"http","operations":["http_fetch"],"hosts":` + or(e.hosts, "[]") + `,"reason":{"en":"To ask.","ru":"Чтобы спросить."}}`
	if e.kv {
		asm.Operations = append(asm.Operations, abi.OpKVGet)
		capabilities += `,{"name":"kv","operations":["kv_get"],"reason":{"en":"To remember.","ru":"Чтобы помнить."}}`
	}
	if e.broken {
		asm.Initialize = guest.Body(guest.Trap())
	}
	action := `{"name":"%s","title":{"en":"A","ru":"А"},"summary":{"en":"A","ru":"А"}}`
	text := fmt.Sprintf(`{"id":"%s","kind":"module","abi":1,"version":"%s","vendor":"Test","title":{"en":"Demo","ru":"Проба"},
		"description":{"en":"D","ru":"Д"},"health":%t,"actions":[`+action+","+action+","+action+`],"capabilities":[%s]%s}`,
		or(e.id, "demo"), e.version, e.health || e.sick, "say", "wait", "die", capabilities, e.manifest)
	p, err := plugin.Pack(asm.Bytes(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// upstream answers when it is told to.
type upstream struct {
	*httptest.Server
	waiting chan struct{} // one for each request that has come
	open    func()        // lets all answers out
}

func newUpstream(t testing.TB) *upstream {
	gate := make(chan struct{})
	u := &upstream{waiting: make(chan struct{}, 10_000), open: sync.OnceFunc(func() { close(gate) })}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.waiting <- struct{}{}
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		u.open()
		u.Close()
	})
	return u
}

func (u *upstream) host() string { return strings.TrimPrefix(u.URL, "http://") }

// demoConfig runs the plugin demo from a folder.
const demoConfig = `
gateway {
  listen  = "127.0.0.1:0"
  data    = "data"
  plugins = ["plugins"]
}
limits {
  user   = "off"
  action = "off"
}
auth {
  argon2 {
    memory = "7MiB"
    time   = 1
  }
}
trust {
  unsigned = "allow"
}
upgrade {
  watch   = "100ms"
  crashes = 2
  {upgrade}
}
{blocks}
`

// demoModule lets demo reach the upstream.
const demoModule = `
module "demo" {
  grant {
    http {
      hosts   = ["{upstream}"]
      private = true
    }
  }
}
`

// newDemo starts a gateway with that configuration; nothing is in its folder
// but the given editions.
func newDemo(t *testing.T, config string, values map[string]string, editions ...edition) *rig {
	t.Helper()
	folder, err := os.MkdirTemp("", "pb") // short: the control socket must fit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	r := &rig{t: t, folder: folder, tokens: map[string]string{}}
	if err := os.Mkdir(filepath.Join(folder, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, e := range editions {
		r.drop(fmt.Sprintf("%s-%d.wasm", or(e.id, "demo"), i), e.file(t).Code)
	}
	for _, name := range []string{"upgrade", "blocks"} {
		config = strings.ReplaceAll(config, "{"+name+"}", values[name])
	}
	config = strings.ReplaceAll(config, "{upstream}", values["upstream"])
	if err := os.WriteFile(filepath.Join(folder, "gateway.hcl"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.login()
	return r
}

// login makes the administrator usable; the right to everything is the role's of
// the integrator.
func (r *rig) login() {
	r.t.Helper()
	a := r.want(200, "", "POST", "/login", `{"login":"admin","password":"`+r.first+`"}`)
	r.tokens["administrator"], _ = a.at("access_token").(string)
	a = r.want(200, "administrator", "POST", "/me/password", `{"old":"`+r.first+`","new":"administrator-1"}`)
	r.tokens["administrator"], _ = a.at("access_token").(string)
	r.want(201, "administrator", "POST", "/users", `{"login":"auditor","role":"auditor","password":"auditor-pass","rights":["*"]}`)
	a = r.send("", "POST", "/auth/login", `{"login":"auditor","password":"auditor-pass"}`)
	r.tokens["auditor"], _ = a.at("access_token").(string)
}

// drop puts a file into the plugin folder as a careful operator does.
func (r *rig) drop(name string, content []byte) {
	r.t.Helper()
	part := filepath.Join(r.folder, "part")
	if err := os.WriteFile(part, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(r.folder, "plugins", name)); err != nil {
		r.t.Fatal(err)
	}
}

// say calls the action and returns the version that answered.
func (r *rig) say() string {
	r.t.Helper()
	a := r.send("auditor", "POST", "/demo/say", `{}`)
	version, _ := a.json.(string)
	return or(version, fmt.Sprint(a.status))
}

// becomes waits until a condition holds.
func (r *rig) becomes(what string, condition func() bool) {
	r.t.Helper()
	for end := time.Now().Add(settle); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited for %s: %s", what, r.call("auditor", "GET", "/plugins/demo", "").text)
		}
	}
}

func (r *rig) says(version string) {
	r.t.Helper()
	r.becomes("version "+version+" to answer", func() bool { return r.say() == version })
}

// detail shows the plugin; file returns what it says about one version.
func (r *rig) detail() answer {
	r.t.Helper()
	return r.want(200, "auditor", "GET", "/plugins/demo", "")
}

func (a answer) file(version string) answer {
	files, _ := a.at("files").([]any)
	for _, f := range files {
		if one := (answer{json: f}); one.at("version") == version {
			return one
		}
	}
	return answer{}
}

// upload sends a file as the administrator and returns its sum.
func (r *rig) upload(e edition) string {
	r.t.Helper()
	p := e.file(r.t)
	a := r.call("administrator", "POST", "/plugins", string(p.Code), "Content-Type", "application/wasm")
	if a.status != 201 || a.at("file", "sha256") != p.SHA256 {
		r.t.Fatalf("upload of %s: %d %s", e.version, a.status, a.text)
	}
	return p.SHA256
}

// lastAudit returns the newest audit records' actions with who did them.
func (r *rig) lastAudit(n int) []string {
	r.t.Helper()
	a := r.want(200, "auditor", "GET", fmt.Sprintf("/journal/audit?limit=%d", n), "")
	var out []string
	rows, _ := a.at("rows").([]any)
	for _, row := range rows {
		one := answer{json: row}
		out = append(out, fmt.Sprintf("%v %v by %v", one.at("action"), one.at("object"), one.at("user")))
	}
	return out
}

// text gets a page that is no JSON.
func (r *rig) text(path string) string {
	r.t.Helper()
	p, err := http.Get(r.base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	text, err := io.ReadAll(p.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// edit replaces a part of gateway.hcl for the next start.
func (r *rig) edit(old, replacement string) error {
	path := filepath.Join(r.folder, "gateway.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), old) {
		return fmt.Errorf("%q is not in the file", old)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600)
}

// announce sends the head of an upload alone and returns the status of the answer.
func (r *rig) announce(user string, size int) int {
	r.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(settle)); err != nil {
		r.t.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "POST %s/plugins HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/wasm\r\nContent-Length: %d\r\n\r\n",
		admin.Prefix, r.tokens[user], size)
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	return p.StatusCode
}
