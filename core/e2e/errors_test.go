package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestErrors is the error table of the integrators' API, and what the journal
// says about each row.
func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(base, "{gateway}", `body_limit = "64KiB"
  cors { origins = ["https://crm.example"] }`, 1)+node+modules+kannel+statistics+crm)
	clerk := w.addUser(t, "clerk", "e2e-password-1", "contact.tier", "sms.*")
	blocked := w.addUser(t, "blocked", "e2e-password-1", "*")
	w.admin(t, "PATCH", "/users/blocked", `{"status":9}`, "If-Match", w.admin(t, "GET", "/users/blocked", "").header.Get("ETag"))
	revoked := w.login(t, integrator, w.password)
	w.admin(t, "DELETE", "/users/"+integrator+"/tokens", "")
	w.token = w.login(t, integrator, w.password)
	w.admin(t, "PUT", "/modules/contact/actions/cdr", `{"enabled":false}`)
	w.admin(t, "PUT", "/modules/onlinestat/enabled", `{"enabled":false}`)

	const deep = 200
	for _, row := range []struct {
		name, path, token, body string
		status                  int
		want                    string
		reason                  string // in the journal
	}{
		{"no token", "/contact/tiers", "", ``, 401, `{"error":"Unauthorized!"}`, "no valid token"},
		{"unknown token", "/contact/tiers", strings.Repeat("0", 32), ``, 401, `{"error":"Unauthorized!"}`, "no valid token"},
		{"token that is none", "/contact/tiers", "<>'\"; --", ``, 401, `{"error":"Unauthorized!"}`, "no valid token"},
		{"revoked token", "/contact/tiers", revoked, ``, 401, `{"error":"Unauthorized!"}`, "no valid token"},
		{"blocked user", "/contact/tiers", blocked, ``, 401, `{"error":"Unauthorized!"}`, "no valid token"},

		{"no right", "/contact/tiers", clerk, ``, 405, `{"error":"Access denied!"}`, "no right"},
		{"action is switched off", "/contact/cdr", w.token, object("id", callID), 405, `{"error":"Access denied!"}`, "action is switched off"},
		{"module is switched off", "/onlinestat/all", w.token, ``, 405, `{"error":"Access denied!"}`, "module is switched off"},
		{"no right to what is off", "/onlinestat/all", clerk, ``, 405, `{"error":"Access denied!"}`, "no right"},
		{"unknown action", "/contact/getQueue", w.token, ``, 405, `{"error":"Access denied!"}`, "no such action"},
		{"unknown module", "/nosuch/action", w.token, ``, 405, `{"error":"Access denied!"}`, "no such action"},
		{"unknown report", "/report/nosuch", w.token, period(t), 405, `{"error":"Access denied!"}`, "no such action"},
		{"action for all instances", "/report/source", w.token, period(t), 405, `{"error":"Access denied!"}`, "no such action"},
		{"other letter case", "/Contact/Tiers", w.token, ``, 405, `{"error":"Access denied!"}`, "no such action"},

		{"empty", "/contact/tier", w.token, `{"queue":""}`, 419, `{"error":"Empty queue!"}`, ""},
		{"only blanks", "/contact/tier", w.token, `{"queue":"  \t"}`, 419, `{"error":"Empty queue!"}`, ""},
		{"null", "/contact/tier", w.token, `{"queue":null}`, 419, `{"error":"Empty queue!"}`, ""},
		{"missing", "/contact/tier", w.token, `{}`, 419, `{"error":"Empty queue!"}`, ""},
		{"first missing of three", "/contact/add", w.token, `{"sip":"1234"}`, 419, `{"error":"Empty called_number!"}`, ""},
		{"missing before wrong", "/contact/add", w.token, `{"called_number":"x","sip":"1234"}`, 419, `{"error":"Empty caller_number!"}`, ""},

		{"cut off", "/contact/tier", w.token, `{"queue":`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"array", "/contact/tier", w.token, `["support@default"]`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"string", "/contact/tier", w.token, `"support@default"`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"form", "/contact/tier", w.token, `queue=support@default`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"two objects", "/contact/tier", w.token, `{"queue":"support@default"}{}`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"duplicate key", "/contact/tier", w.token, `{"queue":"support@default","queue":"sales@default"}`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"escaped duplicate key", "/contact/tier", w.token, `{"queue":"support@default","\u0071ueue":"sales@default"}`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"deep", "/contact/tier", w.token, `{"queue":"support@default","x":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + `}`, 420, `{"error":"Invalid JSON!"}`, ""},
		{"invalid UTF-8", "/contact/tier", w.token, "{\"queue\":\"support\xff@default\"}", 420, `{"error":"Invalid JSON!"}`, ""},
		{"number without end", "/contact/tier", w.token, `{"queue":` + strings.Repeat("9", 30_000) + `}`, 0, ``, ""},
		{"huge exponent", "/report/sms", w.token, period(t, "limit", "1e999"), 422, `{"error":"Invalid limit!"}`, ""},

		{"wrong type", "/contact/tier", w.token, `{"queue":{"name":"x"}}`, 422, `{"error":"Invalid queue!"}`, ""},
		{"control character", "/contact/tier", w.token, `{"queue":"support@default\u0000"}`, 422, `{"error":"Invalid queue!"}`, ""},
		{"no number", "/contact/add", w.token, object("called_number", "abc", "caller_number", "1001", "sip", "1234"), 422, `{"error":"Invalid called_number!"}`, ""},
		{"no date", "/report/sms", w.token, object("start_date", "10.11.2022", "stop_date", "2022-11-11"), 422, `{"error":"Invalid start_date!"}`, ""},
		{"no such day", "/report/sms", w.token, object("start_date", "2022-02-30", "stop_date", "2022-11-11"), 422, `{"error":"Invalid start_date!"}`, ""},
		{"stop before start", "/report/sms", w.token, object("start_date", "2022-11-11", "stop_date", "2022-11-10"), 422, `{"error":"Invalid stop_date!"}`, ""},
		{"no zone", "/report/sms", w.token, period(t, "tz", "Mars/Olympus"), 422, `{"error":"Invalid tz!"}`, ""},
		{"no cursor", "/report/sms", w.token, period(t, "cursor", "AAAA"), 422, `{"error":"Invalid cursor!"}`, ""},
		{"no format", "/report/sms", w.token, period(t, "format", "pdf"), 422, `{"error":"Invalid format!"}`, ""},
		{"no limit", "/report/sms", w.token, period(t, "limit", "0"), 422, `{"error":"Invalid limit!"}`, ""},
		{"no subscriber's number", "/sms/send", clerk, object("phone", "112", "message", "x"), 422, `{"error":"Invalid phone!"}`, ""},

		{"unknown call", "/contact/audio", w.token, object("id", "nosuch"), 404, `{"error":"Wrong ID!"}`, ""},
		{"unknown queue", "/contact/tier", w.token, object("queue", "nosuch@default"), 404, `{"error":"Tier not found"}`, ""},
		{"FreeSWITCH refuses", "/contact/add", w.token, object("called_number", "9020", "caller_number", "1001", "sip", "1004"), 502, `{"error":"USER_BUSY","id":"<any>"}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := w.do(t, "POST", row.path, row.body, "Authorization", "Bearer "+row.token)
			if row.status == 0 { // any refusal, but a refusal
				if a.status < 400 || a.status >= 500 {
					t.Errorf("answered %d %s", a.status, short(a.body))
				}
				return
			}
			expect(t, row.path, a, row.status, row.want)
			r := recordOf(t, w, a)
			module, action, _ := strings.Cut(strings.Trim(row.path, "/"), "/")
			text := decode[map[string]string](t, a)["error"]
			if r.Status != a.status || r.Error != text || r.Module != module || r.Action != action || r.IP != "127.0.0.1" {
				t.Errorf("journal: %+v", r)
			}
			if row.reason != "" && r.Reason != row.reason {
				t.Errorf("journal: reason %q, want %q", r.Reason, row.reason)
			}
			if a.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
			if id := decode[map[string]string](t, a)["id"]; a.status >= 500 && (id == "" || r.ErrorID != id) {
				t.Errorf("journal: error id %q, answered %q", r.ErrorID, id)
			}
		})
	}
	t.Run("login", func(t *testing.T) { loginErrors(t, w) })
	t.Run("bodies", func(t *testing.T) { bodies(t, w) })
	t.Run("methods", func(t *testing.T) { methods(t, w) })
	t.Run("CORS", func(t *testing.T) { crossOrigin(t, w) })
}

// loginErrors checks that nobody can find out which users there are.
func loginErrors(t *testing.T, w *world) {
	for _, row := range []struct {
		body   string
		status int
		want   string
	}{
		{object("login", integrator, "password", "wrong"), 401, `{"error":"Wrong login or password!"}`},
		{object("login", "nobody", "password", "e2e-password-1"), 401, `{"error":"Wrong login or password!"}`},
		{object("login", "blocked", "password", "e2e-password-1"), 401, `{"error":"Wrong login or password!"}`},
		{object("login", "", "password", "x"), 419, `{"error":"Empty login!"}`},
		{object("login", integrator), 419, `{"error":"Empty password!"}`},
		{`login=x`, 420, `{"error":"Invalid JSON!"}`},
		{``, 419, `{"error":"Empty login!"}`},
	} {
		a := w.do(t, "POST", "/auth/login", row.body)
		expect(t, "login "+row.body, a, row.status, row.want)
		if r := recordOf(t, w, a); r.Module != "auth" || r.Action != "login" || r.Status != row.status || len(r.Body) > 0 && string(r.Body) != "null" {
			t.Errorf("journal: %+v", r)
		}
	}
	// Past the free attempts the answer is 429, whatever the password is.
	limited := answer{}
	for range 30 {
		if limited = w.do(t, "POST", "/auth/login", object("login", "clerk", "password", "wrong")); limited.status != 401 {
			break
		}
	}
	expect(t, "many wrong logins", limited, 429, `{"error":"Too many requests!"}`)
	if n, err := strconv.Atoi(limited.header.Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("Retry-After %q", limited.header.Get("Retry-After"))
	}
	if out := w.process.Output(); strings.Contains(out, integratorPassword) || strings.Contains(out, "e2e-password-1") || strings.Contains(out, w.token) {
		t.Error("a password or a token is in the log")
	}
}

// bodies are those that old integrations send, and those that nobody should.
func bodies(t *testing.T, w *world) {
	tier := golden(t, "tier")
	for _, contentType := range []string{"", "application/json", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=windows-1251", ";;;"} {
		headers := []string{"Content-Type", contentType}
		if contentType == "" {
			headers = nil
		}
		expect(t, "Content-Type "+contentType, w.post(t, "/contact/tier", `{"queue":"support2@default"}`, headers...), 200, tier)
	}
	expect(t, "byte order mark", w.post(t, "/contact/tier", "\ufeff{\"queue\":\"support2@default\"}"), 200, tier)
	expect(t, "multipart", w.post(t, "/contact/tier", "--x\r\n\r\n--x--", "Content-Type", "multipart/form-data; boundary=x"), 415, `{"error":"Unsupported content type!"}`)
	// The length alone is enough; the body is not even read.
	large := w.raw(t, "POST /contact/tier HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+w.token+"\r\nContent-Length: 70000\r\n\r\n")
	expect(t, "too large", large, 413, `{"error":"Request is too large!"}`)
	if r := recordOf(t, w, large); r.Status != 413 || r.Module != "contact" || r.Action != "tier" {
		t.Errorf("journal of a body that is too large: %+v", r)
	}
	expect(t, "number for a string", w.post(t, "/sms/send", `{"phone":89190000000,"message":"число"}`), 200, `{"result":"OK"}`)

	a := w.post(t, "/contact/tier", `{"queue":"support2@default","token":"geheim","Queue":1,"extra":{"a":[1,2]}}`)
	expect(t, "unknown parameters", a, 200, tier)
	r := recordOf(t, w, a)
	if len(r.Ignored) != 3 || !strings.Contains(strings.Join(r.Ignored, " "), "extra") || strings.Contains(string(r.Body), "geheim") {
		t.Errorf("journal of unknown parameters: %v, body %s", r.Ignored, r.Body)
	}
	a = w.post(t, "/sms/send", object("phone", "89190000000", "message", "Секретный текст"))
	if r := recordOf(t, w, a); strings.Contains(string(r.Body), "89190000000") || strings.Contains(string(r.Body), "Секретный") {
		t.Errorf("the journal keeps personal data although body is masked: %s", r.Body)
	}
}

func methods(t *testing.T, w *world) {
	expect(t, "GET of an unsafe action", w.get(t, "/sms/send?phone=89190000000&message=x"), 405, `{"error":"Access denied!"}`)
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		expect(t, method, w.do(t, method, "/contact/tiers", "", "Authorization", "Bearer "+w.token), 405, `{"error":"Access denied!"}`)
	}
	expect(t, "parameter twice in the query", w.get(t, "/contact/tier?queue=a&queue=b"), 422, `{"error":"Invalid queue!"}`)
	expect(t, "GET without a parameter", w.get(t, "/contact/tier"), 419, `{"error":"Empty queue!"}`)
	head := w.do(t, "HEAD", "/contact/tiers", "", "Authorization", "Bearer "+w.token)
	get := w.get(t, "/contact/tiers")
	if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != strconv.Itoa(len(get.body)) {
		t.Errorf("HEAD: %d, Content-Length %s, want %d", head.status, head.header.Get("Content-Length"), len(get.body))
	}
	if r := recordOf(t, w, head); r.Status != 200 || r.Action != "tiers" {
		t.Errorf("journal of HEAD: %+v", r)
	}
	for _, path := range []string{"/", "/contact", "/contact/tiers/more", "/favicon.ico"} {
		expect(t, path, w.get(t, path), 404, `{"error":"Not found!"}`)
	}
	ids := map[string]bool{}
	for range 20 {
		ids[w.get(t, "/contact/tiers", "X-Request-Id", "chosen by the caller").requestID()] = true
	}
	if len(ids) != 20 {
		t.Errorf("20 requests had %d different ids", len(ids))
	}
}

func crossOrigin(t *testing.T, w *world) {
	preflight := func(origin string) answer {
		return w.do(t, "OPTIONS", "/sms/send", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,idempotency-key")
	}
	good := preflight("https://crm.example")
	if good.status >= 300 || good.header.Get("Access-Control-Allow-Origin") != "https://crm.example" ||
		!strings.Contains(good.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Errorf("preflight of the configured origin: %d %v", good.status, good.header)
	}
	for _, origin := range []string{"https://evil.example", "https://crm.example.evil.example", "null"} {
		if a := preflight(origin); a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s is allowed: %v", origin, a.header)
		}
	}
	a := w.get(t, "/contact/tiers", "Origin", "https://crm.example")
	if a.status != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") != "https://crm.example" {
		t.Errorf("request of the configured origin: %d %v", a.status, a.header)
	}
}

// TestRateLimit spends a user's and an action's allowance.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	limits := strings.Replace(base, `user   = "off"`, `user   = "60/h"`, 1)
	w := newWorld(t, limits+node+`
module "contact" {
  action "tiers" { limit = "2/h" }
}
`)
	for range 2 {
		expect(t, "within the limit", w.post(t, "/contact/tiers", ``), 200, golden(t, "tiers"))
	}
	a := w.post(t, "/contact/tiers", ``)
	expect(t, "limit of the action", a, 429, `{"error":"Too many requests!"}`)
	if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > 1800 {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	if r := recordOf(t, w, a); r.Status != 429 || r.Reason != "limit of the action" {
		t.Errorf("journal: %+v", r)
	}
	for range 100 {
		if a = w.post(t, "/contact/queues", ``); a.status != 200 {
			break
		}
	}
	expect(t, "limit of the user", a, 429, `{"error":"Too many requests!"}`)
	if r := recordOf(t, w, a); r.Reason != "limit of the user" {
		t.Errorf("journal: %+v", r)
	}
	other := w.addUser(t, "other", "e2e-password-1", "*")
	expect(t, "another user", w.do(t, "POST", "/contact/tiers", "", "Authorization", "Bearer "+other), 200, golden(t, "tiers"))
}
