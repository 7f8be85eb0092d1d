package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// guarded is a gateway whose guards are as an empty file leaves them, but for what
// a test says about them.
func guarded(guards string) string {
	return base + node + kannel + guards + `
module "contact" {
  action "add" { limit = "off" }
}
module "sms" {
  action "send" { limit = "off" }
}
module "report" {}
`
}

const noCountry = `{"error":"Destination refused: the country is not allowed!"}`

// TestGuardsRefuse: what the rules refuse is answered and recorded, and nothing of it
// reaches a plugin, FreeSWITCH or an aggregator.
func TestGuardsRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, guarded(""))
	call := func(number string) answer {
		return w.post(t, "/contact/add", object("called_number", number, "caller_number", "1001", "sip", "1234"))
	}
	sms := func(number string) answer { return w.post(t, "/sms/send", object("phone", number, "message", "Hi")) }
	for number, reason := range map[string]string{
		"+442079460000": "the country is not allowed", "810442079460000": "the country is not allowed", "+77011234567": "the country is not allowed",
		"+870773111632": "the country is not allowed", "88091234567": "premium-rate number", "88031234567": "premium-rate number",
		"00442079460000": "not a telephone number", "442079460000": "not a telephone number",
	} {
		expect(t, "a call to "+number, call(number), 403, `{"error":"Destination refused: `+reason+`!"}`)
	}
	expect(t, "an SMS abroad", sms("+442079460000"), 403, noCountry)
	expect(t, "a premium-rate SMS", sms("88091234567"), 403, `{"error":"Destination refused: premium-rate number!"}`)
	for _, command := range w.sandbox.history(t, "commands") {
		if text, _ := command["command"].(string); strings.Contains(text, "originate") {
			t.Errorf("FreeSWITCH got %q", text)
		}
	}
	if got := w.sandbox.history(t, "sms/messages"); len(got) > 0 {
		t.Errorf("messages: %v", got)
	}
	if rows := journal[message](t, w, "sms"); len(rows) > 0 {
		t.Errorf("a plugin began %v", rows)
	}
	bad := decode[report](t, w.post(t, "/report/badRequest", period(t))).Data
	if len(bad) != 10 {
		t.Errorf("%d bad requests in the report, want 10", len(bad))
	}
	for _, r := range bad {
		if r["code_response"] != "403" || !strings.HasPrefix(fmt.Sprint(r["error_message"]), "Destination refused") {
			t.Errorf("bad request %v", r)
		}
	}
	// The numbers of the manual, an extension and what a person types still work.
	for _, number := range []string{"89100000000", "1001", "9001", "8 (495) 123-45-67"} {
		if a := call(number); a.status != 200 {
			t.Errorf("%s: %d %s", number, a.status, a.body)
		}
	}
	if a := sms("89190000000"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	metrics := w.get(t, "/metrics").body
	for _, line := range []string{`patchbay_guard_refusals_total{kind="call",rule="country"} 4`, `patchbay_guard_refusals_total{kind="message",rule="premium_rate"} 1`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

// TestGuardsSurviveAKill: limits hold exactly under load, with Retry-After, and a
// gateway that was killed remembers them.
func TestGuardsSurviveAKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t, guarded(`
guard "message" {
  number_per_minute = 0
  number_per_day    = 7
  number_per_hour   = 0
}
`))
	const full = `{"error":"Limit reached: messages to this number per day!"}`
	body := object("phone", "89190000000", "message", "Hi")
	var through, refused atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 5 {
				a, err := w.send("POST", "/sms/send", body, "Authorization", "Bearer "+w.token)
				switch {
				case err != nil:
					t.Error(err)
				case a.status == 200:
					through.Add(1)
				case a.status == 429 && a.header.Get("Retry-After") != "" && a.body == full:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			}
		})
	}
	clients.Wait()
	if through.Load() != 7 || refused.Load() != 33 || len(w.sandbox.history(t, "sms/messages")) != 7 {
		t.Errorf("%d messages got through and %d were refused, want 7 and 33", through.Load(), refused.Load())
	}
	eventually(t, "the books to be written", func() bool {
		return strings.Contains(w.get(t, "/metrics").body, "patchbay_guard_unwritten 0\n")
	})
	w.process.Kill()
	w.startGateway(w.dir, w.listen)
	expect(t, "after the kill", w.post(t, "/sms/send", body), 429, full)
	expect(t, "another number", w.post(t, "/sms/send", object("phone", "89190001000", "message", "Hi")), 200, `{"result":"OK"}`)
}

// TestGuardsCountLiveCalls: a call holds its place until FreeSWITCH says that it has
// ended.
func TestGuardsCountLiveCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, guarded(`
guard "call" {
  user_at_once = 1
}
`))
	place := func(number string) answer {
		return w.post(t, "/contact/add", object("called_number", number, "caller_number", "1001", "sip", "1001"))
	}
	const busy = `{"error":"Limit reached: calls of this user at once!"}`
	expect(t, "the first call", place("89100000000"), 200, `{"message":"+OK <uuid>\n"}`)
	second := place("89100000001")
	if second.status == 429 { // unless the first one is over already
		expect(t, "the second call", second, 429, busy)
		if second.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	eventually(t, "the end of the call to be told", func() bool { return place("89100000002").status == 200 })
	live := decode[struct {
		Guards []struct {
			Kind string
			Live int
		}
	}](t, w.admin(t, "GET", "/guards", ""))
	if len(live.Guards) != 2 || live.Guards[0].Kind != "call" {
		t.Errorf("%+v", live)
	}
	eventually(t, "all calls to end", func() bool {
		return strings.Contains(w.get(t, "/metrics").body, "patchbay_guard_calls_live 0")
	})
}

// TestGuardAlarms: an alarm reaches the webhook, the audit record and the first page.
func TestGuardAlarms(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var posted []map[string]any
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var body map[string]any
		err := json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v %v", r.Method, r.Header, err)
		}
		posted = append(posted, body)
		if len(posted) == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable) // it comes again
		}
	}))
	t.Cleanup(hook.Close)
	w := newWorld(t, guarded(`
guard "message" {
  user_per_day    = 5
  tariff          = "+7 2.50"
  total_spend     = 100
  webhook         = "`+hook.URL+`/alarms"
  webhook_private = true
}
`))
	for i := range 4 {
		expect(t, "an SMS", w.post(t, "/sms/send", object("phone", fmt.Sprintf("8919000%d000", i), "message", "Hi")), 200, `{"result":"OK"}`)
	}
	eventually(t, "the alarm to be posted twice", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(posted) == 2
	})
	if b := posted[1]; b["level"] != "80" || b["rule"] != "user_per_day" || b["value"] != "4" || b["limit"] != "5" || b["kind"] != "message" {
		t.Errorf("posted %v", b)
	}
	audits := w.admin(t, "GET", "/changes?action=guard.alarm", "").body
	if !strings.Contains(audits, "guard.alarm") || !strings.Contains(audits, "user_per_day") {
		t.Errorf("changes %s", audits)
	}
	if page := w.admin(t, "GET", "/overview", "").body; !strings.Contains(page, `"kind":"guard"`) {
		t.Errorf("the first page says nothing: %s", page)
	}
	// The panel changes what the file leaves out, and only that.
	settings := w.admin(t, "GET", "/guards/message/settings", "")
	tag := settings.header.Get("ETag")
	if !strings.Contains(settings.body, `"deny":["+7840","+7940"]`) || !strings.Contains(settings.body, `"user_per_day":5`) {
		t.Errorf("settings %s", settings.body)
	}
	change := func(values string) answer {
		return w.do(t, "PUT", adminAPI+"/guards/message/settings", `{"values":`+values+`}`, "Authorization", "Bearer "+w.adminToken, "Content-Type", "application/json", "If-Match", tag)
	}
	if a := change(`{"user_per_day":6}`); a.status != 409 || !strings.Contains(a.body, "gateway.hcl") {
		t.Errorf("what the file sets: %d %s", a.status, a.body)
	}
	if a := change(`{"allow":["0044"]}`); a.status != 422 || !strings.Contains(a.body, "/values/allow") {
		t.Errorf("a mistake: %d %s", a.status, a.body)
	}
	if a := change(`{"allow":["+44"]}`); a.status != 200 {
		t.Errorf("a change: %d %s", a.status, a.body)
	}
	expect(t, "abroad, without a price", w.post(t, "/sms/send", object("phone", "+447911123456", "message", "Hi")), 403, `{"error":"Destination refused: it has no price!"}`)
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	w.startGateway(w.dir, w.listen)
	expect(t, "after a restart", w.post(t, "/sms/send", object("phone", "+447911123456", "message", "Hi")), 403, `{"error":"Destination refused: it has no price!"}`)
}
