package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// attacks are "numbers" that made a real FreeSWITCH 1.10.12 run a command, place
// several calls or re-route one, with the dial strings that gateways usually
// build; the rest is from its source code.
var attacks = []string{
	"&system(id>/x)",
	"89100000000 &system(id>/x)",
	"system:id>/x inline",
	"'system:id -u >/x' inline",
	"'system:id -u >/x' inline default 1 2 60",
	"1001,api_on_answer='system id>/x'",
	"1001,execute_on_answer=system::id>/x",
	"1}null/9 &system(id>/x) XML",
	"{api_on_answer='system id'}1001",
	"[execute_on_answer=system::id]1001",
	"<api_on_answer=system>1001",
	"${system(id>/x)}",
	"${system id>/x}",
	`${system\sid>/x}`,
	"89100000000\n\napi system id",
	"89100000000\r\n\r\napi system id",
	"89100000000\nconsole_execute: true",
	"status;;system id",
	"89100000000;;system id",
	"89100000000,89100000001",
	"89100000000|89100000001",
	"89100000000:_:89100000001",
	"^^;89100000000;89100000001",
	"89100000000;fs_path=sip:evil.example",
	"89100000000@evil.example",
	"sofia/external/89100000000@evil.example",
	"loopback/9001",
	"group/all",
	"error/USER_BUSY",
	"89100000000/../../x",
	"../../../etc/passwd",
	"x' or 1=1 --",
	"89100000000\x00system",
	"89100000000\u0000",
	"8910000000０; id",
	"%0a%0aapi system id",
	"89100000000\u2028api",
	strings.Repeat("8", 10_000),
}

// TestInjection puts every attack into every field that reaches another system.
func TestInjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules+kannel+statistics+crm)
	secret := filepath.Join(w.sandbox.recordings, "secret.wav")
	if err := os.WriteFile(secret, []byte("RIFF secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"called_number": "89100000000", "caller_number": "1001", "sip": "1234"}
	dates := func() map[string]string {
		start, stop := today(t)
		return map[string]string{"start_date": start, "stop_date": stop}
	}
	for _, field := range []struct {
		path, name string
		rest       map[string]string
		refusal    []int // what may be answered
	}{
		{"/contact/add", "called_number", good, []int{422}},
		{"/contact/add", "caller_number", good, []int{422}},
		{"/contact/add", "sip", good, []int{422}},
		{"/contact/audio", "id", nil, []int{404, 422}},
		{"/contact/cdr", "id", nil, []int{404, 422}},
		{"/contact/tier", "queue", nil, []int{404, 422}},
		{"/onlinestat/get", "project_id", nil, []int{422}},
		{"/sms/send", "phone", map[string]string{"message": "x"}, []int{422}},
		{"/report/sms", "start_date", dates(), []int{422}},
		{"/report/request", "stop_date", dates(), []int{422}},
		{"/report/badRequest", "tz", dates(), []int{422}},
		{"/report/request", "cursor", dates(), []int{422}},
		{"/report/sms", "format", dates(), []int{422}},
		{"/report/sms", "limit", dates(), []int{422}},
		{"/report/demoReport", "start_date", dates(), []int{422}},
		{"/report/demoReport", "stop_date", dates(), []int{422}},
		{"/report/demoReport", "tz", dates(), []int{422, 200}}, // this source does not use it
	} {
		t.Run(strings.Trim(field.path, "/")+" "+field.name, func(t *testing.T) {
			for _, attack := range attacks {
				params := map[string]string{}
				for name, value := range field.rest {
					params[name] = value
				}
				params[field.name] = attack
				raw, err := json.Marshal(params)
				if err != nil {
					t.Fatal(err)
				}
				a := w.post(t, field.path, string(raw))
				if !slices.Contains(field.refusal, a.status) {
					t.Errorf("%.80q: %d %s", attack, a.status, short(a.body))
				}
				if a.status == 422 && a.body != `{"error":"Invalid `+field.name+`!"}` {
					t.Errorf("%.80q: %s", attack, short(a.body))
				}
			}
		})
	}
	t.Run("harmless places", func(t *testing.T) {
		for _, attack := range attacks {
			// A filter that matches nothing, a path segment, a header.
			if a := w.post(t, "/contact/queues", object("name", attack)); a.status != 422 && (a.status != 200 || a.body != "[]") {
				t.Errorf("queue name %.80q: %d %s", attack, a.status, short(a.body))
			}
			if a := w.do(t, "POST", "/auth/login", object("login", integrator, "password", attack)); a.status != 401 && a.status != 429 && a.status != 422 {
				t.Errorf("password %.80q: %d %s", attack, a.status, short(a.body))
			}
			if len(attack) > 1000 {
				continue // the server hangs up on such a request line
			}
			if a := w.get(t, "/contact/"+url.PathEscape(attack)); a.status != 405 && a.status != 404 {
				t.Errorf("action %.80q: %d %s", attack, a.status, short(a.body))
			}
			if a := w.get(t, "/contact/cdr?id="+url.QueryEscape(attack)); a.status != 404 && a.status != 422 {
				t.Errorf("query %.80q: %d %s", attack, a.status, short(a.body))
			}
		}
	})
	t.Run("recordings stay in their folder", func(t *testing.T) {
		for _, id := range []string{"secret", "secret.wav", "./secret", "..%2fsecret", callID + "/../secret", callID + "\x00", strings.ToUpper(callID) + ".wav", "{" + callID + "}", "urn:uuid:" + callID} {
			a := w.post(t, "/contact/audio", object("id", id))
			if a.status != 404 && a.status != 422 || strings.Contains(a.body, "RIFF") {
				t.Errorf("%q: %d %s", id, a.status, short(a.body))
			}
		}
	})
	if got := w.sandbox.history(t, "incidents"); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
	for _, command := range w.sandbox.history(t, "commands") {
		text, _ := command["command"].(string)
		if strings.Contains(text, "originate") || strings.ContainsAny(strings.TrimRight(text, "\n"), "\r\x00") {
			t.Errorf("FreeSWITCH got %q", text)
		}
	}
	if got := w.sandbox.history(t, "sms/messages"); len(got) > 0 {
		t.Errorf("messages: %v", got)
	}
	// The same world does place a call when the number is one; so the silence above
	// says something. Digits of other scripts and punctuation arrive as ASCII.
	for _, number := range []string{"8 (910) 000-00-00", "٨٩١٠٠٠٠٠٠٠٠", "89100000000"} {
		if a := w.post(t, "/contact/add", object("called_number", number, "caller_number", "1001", "sip", "1234")); a.status != 200 {
			t.Errorf("%s: %d %s", number, a.status, a.body)
		}
	}
	calls := w.sandbox.history(t, "calls")
	if len(calls) != 3 {
		t.Fatalf("%d calls, want 3", len(calls))
	}
	for _, c := range calls {
		if command, _ := c["command"].(string); !strings.Contains(command, " 89100000000 ") {
			t.Errorf("originate %q", command)
		}
	}
	if got := w.sandbox.history(t, "incidents"); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
}

// TestTemplatesEscape sends text that means something to every format on the way:
// JSON, URLs, forms, shells, HTML.
func TestTemplatesEscape(t *testing.T) {
	t.Parallel()
	texts := []string{
		`","to":"79990000000`, `\`, `"`, `{phone} {settings.api_key} ${x} %{y} {{z}}`, "&to=79990000000&text=x", "a+b c%20d#e?f",
		"<b>жирный</b>", "строка 1\nстрока 2\r\nстрока 3\tтаб", "😀 эмодзи €^{}[]~|", "' or 1=1 --",
	}
	for name, provider := range map[string]string{"kannel": kannel, "aggregator": aggregator} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, base+modules+provider)
			for _, text := range texts {
				expect(t, text, w.post(t, "/sms/send", object("phone", "89190000000", "message", text)), 200, `{"result":"OK"}`)
			}
			got := w.sandbox.history(t, "sms/messages")
			if len(got) != len(texts) {
				t.Fatalf("%d messages, want %d", len(got), len(texts))
			}
			for i, m := range got {
				if m["text"] != texts[i] || m["garbled"] != false || !strings.HasSuffix(m["to"].(string), "79190000000") || m["from"] != "FRONTLINE" {
					t.Errorf("arrived %+v, want the text %q", m, texts[i])
				}
			}
		})
	}
}
