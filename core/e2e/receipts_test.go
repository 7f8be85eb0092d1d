package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// publicBase is base for a gateway that aggregators can reach.
var publicBase = strings.Replace(base, "{gateway}", `public_url = "http://{listen}"`, 1)

// callback is the sandbox's plain JSON aggregator with receipts, asked the same one
// without.
const (
	callback = `
provider "callback" {
  plugin = "sms-http"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
  settings = {
    url                    = "http://{sandbox}/api/send"
    body_kind              = "json"
    body                   = "{\"to\": \"{phone}\", \"text\": \"{message}\", \"callback\": \"{receipt_url}\", \"reference\": \"{reference}\"}"
    auth                   = "bearer"
    accepted_when          = [{ path = "status", in = ["accepted"] }]
    message_id_path        = "id"
    receipt_id_path        = "data.id"
    receipt_reference_path = "data.reference"
    receipt_status_path    = "data.status"
    statuses = [
      { status = "sent", in = ["SENT"] },
      { status = "delivered", in = ["DELIVERED"] },
      { status = "undelivered", in = ["UNDELIVERED"] },
      { status = "expired", in = ["EXPIRED"] },
    ]
    balance_url      = "http://{sandbox}/api/balance"
    balance_path     = "balance"
    balance_currency = "RUB"
  }
  secrets = { api_key = "sandbox-key" }
}
`
	asked = `
provider "asked" {
  plugin = "sms-http"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
  settings = {
    url             = "http://{sandbox}/api/send"
    body_kind       = "json"
    body            = "{\"to\": \"{phone}\", \"text\": \"{message}\"}"
    auth            = "bearer"
    accepted_when   = [{ path = "status", in = ["accepted"] }]
    message_id_path = "id"
    status_url      = "http://{sandbox}/api/status?id={message_id}"
    status_path     = "status"
    statuses = [
      { status = "accepted", in = ["ACCEPTED"] },
      { status = "sent", in = ["SENT"] },
      { status = "delivered", in = ["DELIVERED"] },
      { status = "undelivered", in = ["UNDELIVERED"] },
    ]
  }
  secrets = { api_key = "sandbox-key" }
}
`
	// routed sends by project.
	routed = `
module "sms" {
  settings = {
    originator   = "FRONTLINE"
    status_after = 1
    rules = [
      { name = "json", projects = ["callback"], providers = [{ provider = "callback" }] },
      { name = "polled", projects = ["asked"], providers = [{ provider = "asked" }] },
    ]
    providers = ["kannel"]
  }
  action "send" { limit = "off" }
  action "balance" { limit = "off" }
}
`
)

// sent is the extended answer of send, state the answer of status.
type sent struct {
	Result, ID, Provider, Rule string
	MessageID                  string `json:"message_id"`
}

type state struct{ Status, Detail, Result string }

func (w *world) sms(t testing.TB, phone, project string) sent {
	t.Helper()
	a := w.post(t, "/sms/send", `{"phone":"`+phone+`","message":"Hi","extended":true,"project_id":"`+project+`"}`)
	s := decode[sent](t, a)
	if a.status != 200 || s.Result != "OK" || s.ID == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return s
}

func (w *world) state(t testing.TB, id string) state {
	t.Helper()
	return decode[state](t, w.post(t, "/sms/status", object("id", id)))
}

func (w *world) becomes(t testing.TB, s sent, status string) {
	t.Helper()
	eventually(t, "SMS "+s.ID+" of "+s.Provider+" to be "+status, func() bool { return w.state(t, s.ID).Status == status })
}

// hook returns the path of an instance's webhook.
func (w *world) hook(t testing.TB, instance string) string {
	t.Helper()
	h := decode[struct{ Path, URL string }](t, w.admin(t, "GET", "/providers/"+instance+"/hook", ""))
	if h.URL != "http://"+w.listen+h.Path || !strings.HasPrefix(h.Path, "/hooks/"+instance+"/") {
		t.Fatalf("webhook %+v", h)
	}
	return h.Path
}

// TestKannelReceipts: statuses come back through a real Kannel, by our reference,
// for short and long messages.
func TestKannelReceipts(t *testing.T) {
	t.Parallel()
	sendsms, _ := startKannel(t)
	w := newWorld(t, publicBase+modules+strings.ReplaceAll(kannel, "{sandbox}", sendsms))
	var all []sent
	for _, text := range []string{"Hi", "Проверка", strings.Repeat("Длинное сообщение из нескольких частей. ", 4)} {
		all = append(all, decode[sent](t, w.post(t, "/sms/send", `{"phone":"89190000000","extended":true,"message":"`+text+`"}`)))
	}
	for _, s := range all {
		w.becomes(t, s, "delivered")
	}
	secret := w.hook(t, "kannel")
	w.process.Kill()
	w.startGateway(w.dir, w.listen)
	for _, s := range all {
		if got := w.state(t, s.ID); got.Status != "delivered" || got.Result != "OK" {
			t.Errorf("after a crash: %+v", got)
		}
	}
	if w.hook(t, "kannel") != secret {
		t.Error("the webhook has another address after a restart")
	}
}

// TestReceipts: receipts of two formats, statuses that are asked for, and what
// becomes of a message that is not delivered.
func TestReceipts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, publicBase+routed+kannel+callback+asked)
	for _, c := range []struct{ phone, project, provider, status string }{
		{"89190000000", "", "kannel", "delivered"},
		{"89190000007", "", "kannel", "undelivered"},
		{"89190000008", "", "kannel", "expired"},
		{"89190000000", "callback", "callback", "delivered"},
		{"89190000007", "callback", "callback", "undelivered"},
		{"89190000000", "asked", "asked", "delivered"},
		{"89190000007", "asked", "asked", "undelivered"},
	} {
		s := w.sms(t, c.phone, c.project)
		if s.Provider != c.provider {
			t.Errorf("project %q went to %s by rule %s", c.project, s.Provider, s.Rule)
		}
		w.becomes(t, s, c.status)
		if c.provider == "kannel" {
			continue
		}
		by := w.state(t, s.ID)
		if again := decode[state](t, w.get(t, "/sms/status?provider="+s.Provider+"&message_id="+s.MessageID)); again != by {
			t.Errorf("by the aggregator's id %+v, by ours %+v", again, by)
		}
	}
	expect(t, "balance", w.post(t, "/sms/balance", `{}`), 200, `{"result":"OK","data":[{"provider":"callback","amount":"1042.50","currency":"RUB"}]}`)
	s := w.sms(t, "89190000009", "") // no receipt will ever come
	for name, c := range map[string]struct {
		body string
		code int
		text string
	}{
		"unknown id":   {object("id", "99999"), 404, `{"error":"Wrong ID!"}`},
		"no id":        {`{}`, 419, `{"error":"Empty id!"}`},
		"no provider":  {object("message_id", "1"), 419, `{"error":"Empty provider!"}`},
		"not a number": {object("id", "x"), 404, `{"error":"Wrong ID!"}`},
	} {
		expect(t, name, w.post(t, "/sms/status", c.body), c.code, c.text)
	}
	other := w.addUser(t, "other", "other-password-1", "sms.*")
	expect(t, "another user's SMS", w.do(t, "POST", "/sms/status", object("id", s.ID), "Authorization", "Bearer "+other), 404, `{"error":"Wrong ID!"}`)
	w.becomes(t, s, "accepted")

}

// TestHook: the webhook itself. Whoever does not know the secret learns nothing;
// what is answered with 200 survives a crash; the secret is written nowhere.
func TestHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, publicBase+routed+kannel+callback+asked+"\nmodule \"report\" {}\n")
	path := w.hook(t, "kannel")
	call := func(method, path, body string, headers ...string) answer {
		return w.do(t, method, path, body, headers...)
	}
	nothing := call("GET", "/hooks/nobody/"+strings.Repeat("a", 32), "")
	for name, p := range map[string]string{
		"wrong secret":        path[:len(path)-1] + map[bool]string{true: "a", false: "b"}[path[len(path)-1] != 'a'],
		"longer":              path + "a",
		"shorter":             path[:len(path)-1],
		"another's secret":    "/hooks/callback/" + path[strings.LastIndex(path, "/")+1:],
		"a module":            "/hooks/sms/" + path[strings.LastIndex(path, "/")+1:],
		"deeper":              path + "/x",
		"encoded":             strings.Replace(path, "/hooks/", "/hooks/%2e%2e%2fhooks%2f", 1),
		"no receipts: asked?": "/hooks/demoReport/x",
	} {
		if a := call("POST", p, `{}`); a.status != 404 || a.body != nothing.body || a.header.Get("Content-Type") != nothing.header.Get("Content-Type") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if a := call(method, path, ""); a.status != 404 {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	s := w.sms(t, "89190000009", "")
	receipt := func(state, reference string) answer {
		return call("GET", path+"?reference="+reference+"&state="+state+"&smsc=x&answer=y", "")
	}
	for name, c := range map[string]struct {
		a    answer
		code int
	}{
		"no receipt":       {call("GET", path, ""), 400},
		"escapes left":     {receipt("%25d", s.ID), 400},
		"bad escape":       {call("GET", path+"?reference=%zz", ""), 400},
		"too large":        {call("POST", path, strings.Repeat("x", 65<<10)), 413},
		"compressed":       {call("POST", path, "x", "Content-Encoding", "gzip"), 415},
		"nobody's message": {receipt("1", "99999"), 200},
		"no number":        {receipt("1", "..%2f"), 200},
		"binary body":      {call("POST", path+"?reference="+s.ID+"&state=8", "\xff\xfe{", "Content-Type", "application/json"), 200},
	} {
		if c.a.status != c.code {
			t.Errorf("%s: %d %s, want %d", name, c.a.status, c.a.body, c.code)
		}
	}
	// Out of order, repeated, at the same time.
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			r, err := http.Get(fmt.Sprintf("http://%s%s?reference=%s&state=%s", w.listen, path, s.ID, []string{"1", "8", "4"}[i%3]))
			if err != nil {
				t.Error(err)
				return
			}
			_ = r.Body.Close() // only the status counts
			if r.StatusCode != 200 {
				t.Errorf("receipt %d: %d", i, r.StatusCode)
			}
		})
	}
	wg.Wait()
	w.process.Kill()
	w.startGateway(w.dir, w.listen)
	if got := w.state(t, s.ID); got.Status != "delivered" {
		t.Errorf("after a crash: %+v", got)
	}

	secret := path[strings.LastIndex(path, "/")+1:]
	if a := w.do(t, "GET", adminAPI+"/providers/kannel/hook", "", "Authorization", "Bearer "+w.token); a.status != 401 && a.status != 403 {
		t.Errorf("an integrator reads the secret: %d", a.status)
	}
	if a := w.do(t, "GET", adminAPI+"/providers/nobody/hook", "", "Authorization", "Bearer "+w.adminToken); a.status != 404 {
		t.Errorf("no such provider: %d", a.status)
	}
	w.admin(t, "POST", "/providers/kannel/hook", "")
	if next := w.hook(t, "kannel"); next == path {
		t.Error("rotating gives the same secret")
	}
	if a := receipt("1", s.ID); a.status != 404 {
		t.Errorf("the old secret: %d", a.status)
	}
	fresh := w.sms(t, "89190000000", "")
	w.becomes(t, fresh, "delivered") // with the new address

	everything := w.process.Output() + w.do(t, "GET", "/metrics", "").body + w.admin(t, "GET", "/journal/sms?limit=100", "").body +
		w.admin(t, "GET", "/journal/requests?limit=100", "").body + w.admin(t, "GET", "/journal/audit?limit=100", "").body
	for name, text := range map[string]string{"the old": secret, "the new": w.hook(t, "kannel")[len("/hooks/kannel/"):]} {
		if strings.Contains(everything, text) {
			t.Errorf("%s secret is in the log, the metrics or the journal", name)
		}
	}
	if !strings.Contains(everything, `"provider.hook.rotate"`) {
		t.Error("rotating left no audit record")
	}
	metrics := w.do(t, "GET", "/metrics", "").body
	if !strings.Contains(metrics, `patchbay_hooks_total{instance="kannel",status="200"}`) || !strings.Contains(metrics, `patchbay_hooks_total{instance="",status="404"}`) {
		t.Error("webhooks are not counted")
	}
	// The manual's report stays as it is; the extended one has the status at the end.
	plain := decode[report](t, w.post(t, "/report/sms", period(t))).Data
	if len(plain) == 0 || len(plain[0]) != 8 {
		t.Errorf("the manual's report: %v", plain)
	}
	extended := w.post(t, "/report/sms", strings.Replace(period(t), "{", `{"extended":true,`, 1))
	if !strings.Contains(extended.body, `"status":"delivered","status_detail":"`) || !strings.Contains(extended.body, `"route":"rule default: kannel: accepted"`) {
		t.Errorf("the extended report: %s", short(extended.body))
	}
}
