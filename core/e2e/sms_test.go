package e2e

import (
	"strings"
	"testing"
)

// kannelPatient waits for a silent Kannel longer than any test runs.
var kannelPatient = strings.Replace(kannel, "timeout_ms = 1000", "timeout_ms = 29000", 1)

// TestAggregatorFaults asks the sandbox's aggregators for every kind of trouble:
// exactly one message may arrive for one request, and the journal says what is
// known about it.
func TestAggregatorFaults(t *testing.T) {
	t.Parallel()
	const (
		ok      = `{"result":"OK"}`
		refused = `{"result":"error"}`
		lost    = `{"error":"SMS provider is unavailable!","id":"<any>"}`
	)
	type row struct {
		name, digits string
		status       []int
		want         string
		result       string // in the journal
	}
	for name, c := range map[string]struct {
		config string
		rows   []row
	}{
		"Kannel": {kannel, []row{
			{"accepted", "0000", []int{200}, ok, "OK"},
			{"refused", "0001", []int{200}, refused, "error"},
			{"queued for later", "0002", []int{200}, ok, "OK"},
			{"silent", "0003", []int{504}, lost, "unknown"},
			{"garbage", "0004", []int{502}, lost, "unknown"},
			{"dropped connection", "0005", []int{502}, lost, "unknown"},
			{"busy", "0006", []int{502}, lost, "error"},
		}},
		"plain JSON": {aggregator, []row{
			{"accepted", "0000", []int{200}, ok, "OK"},
			{"refused", "0001", []int{200}, refused, "error"},
			{"200 with an error inside", "0002", []int{200}, refused, "error"},
			{"silent", "0003", []int{504}, lost, "unknown"},
			{"garbage", "0004", []int{502}, lost, "unknown"},
			{"dropped connection", "0005", []int{502}, lost, "unknown"},
			{"busy", "0006", []int{502}, lost, "unknown"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, base+modules+c.config)
			for _, r := range c.rows {
				a := w.post(t, "/sms/send", object("phone", "8919000"+r.digits, "message", r.name))
				expect(t, r.name, a, r.status[0], r.want)
				checkSMS(t, w, a, r.name, r.result, 1)
			}
			report := decode[report](t, w.post(t, "/report/sms", period(t)))
			for i, r := range c.rows {
				if got := report.Data[i]; got["message"] != r.name || got["result"] != r.result {
					t.Errorf("report/sms, row %d: %v, want %q %s", i, got, r.name, r.result)
				}
			}
		})
	}
}

// checkSMS compares the journal and the aggregators' count for one request.
func checkSMS(t *testing.T, w *world, a answer, text, result string, arrived int) {
	t.Helper()
	found := 0
	for _, m := range journal[message](t, w, "sms") {
		if m.RequestID == a.requestID() {
			found++
			if m.Result != result || m.Message != text {
				t.Errorf("%s: the journal says %+v, want %s", text, m, result)
			}
		}
	}
	n := 0
	for _, m := range w.sandbox.history(t, "sms/messages") {
		if m["text"] == text {
			n++
		}
	}
	if found != 1 || n != arrived {
		t.Errorf("%s: %d records and %d messages, want 1 and %d", text, found, n, arrived)
	}
}

// TestFailover has a second aggregator: it is asked only when it is certain that
// the first did not take the message.
func TestFailover(t *testing.T) {
	t.Parallel()
	dead := strings.NewReplacer(`provider "kannel"`, `provider "dead"`, "{sandbox}", freeAddress(t)).Replace(kannel)
	for name, c := range map[string]struct {
		config  string
		digits  string
		status  int
		result  string
		arrived int
	}{
		"the first is not there":          {dead + aggregator, "0000", 200, "OK", 1},
		"the first refuses for good":      {kannel + aggregator, "0001", 200, "error", 1},
		"the first is silent":             {kannel + aggregator, "0003", 504, "unknown", 1},
		"the first answers with garbage":  {kannel + aggregator, "0004", 502, "unknown", 1},
		"the first drops the line":        {kannel + aggregator, "0005", 502, "unknown", 1},
		"nobody is there":                 {dead, "0000", 502, "error", 0},
		"no provider is configured":       {"", "0000", 502, "", 0},
		"the first is busy, so the other": {kannel + aggregator, "0006", 502, "unknown", 2}, // both were asked; the second's 503 is not certain
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, base+modules+c.config)
			a := w.post(t, "/sms/send", object("phone", "8919000"+c.digits, "message", name))
			if a.status != c.status {
				t.Errorf("%d %s, want %d", a.status, a.body, c.status)
			}
			if c.result != "" {
				checkSMS(t, w, a, name, c.result, c.arrived)
			}
		})
	}
}

// TestSlowProviderHoldsNobodyUp keeps one aggregator silent while other requests,
// of the same module too, come and go.
func TestSlowProviderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules+kannelPatient+statistics+crm)
	const crowd = 50
	hanging := make(chan answer, crowd)
	for range crowd {
		go func() {
			a, err := w.send("POST", "/sms/send", object("phone", "89190000003", "message", "hangs"), "Authorization", "Bearer "+w.token)
			if err != nil {
				t.Errorf("the hanging request: %v", err)
			}
			hanging <- a
		}()
	}
	eventually(t, "all of them to hang", func() bool { return len(w.sandbox.history(t, "sms/messages")) == crowd })
	for _, path := range []string{"/contact/tiers", "/contact/queues", "/onlinestat/all", "/report/users"} {
		if a := w.post(t, path, ``); a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	expect(t, "another SMS", w.post(t, "/sms/send", object("phone", "89190000000", "message", "passes")), 200, `{"result":"OK"}`)
	if len(hanging) > 0 {
		t.Errorf("%d requests do not hang any more", len(hanging))
	}
	w.sandbox.process.Kill()
	for range crowd {
		if a := <-hanging; a.status != 502 && a.status != 504 {
			t.Errorf("a request whose aggregator died: %d %s", a.status, a.body)
		}
	}
	unknown := 0
	for _, m := range journal[message](t, w, "sms") {
		if m.Result == "unknown" {
			unknown++
		}
	}
	if unknown != crowd {
		t.Errorf("%d outcomes are unknown, want %d", unknown, crowd)
	}
}

// TestSwitchedOffProvider switches providers off and on.
func TestSwitchedOffProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+modules+kannel+aggregator+statistics+crm)
	sms := func(text string) answer {
		return w.post(t, "/sms/send", object("phone", "89190000000", "message", text))
	}
	provider := func(name string, on string) {
		w.admin(t, "PUT", "/providers/"+name+"/enabled", `{"enabled":`+on+`}`)
	}
	expect(t, "both are on", sms("both"), 200, `{"result":"OK"}`)
	provider("kannel", "false")
	expect(t, "the first is off", sms("one"), 200, `{"result":"OK"}`)
	provider("aggregator", "false")
	expect(t, "both are off", sms("none"), 502, `{"error":"SMS provider is unavailable!","id":"<any>"}`)
	provider("kannel", "true")
	expect(t, "the first is on again", sms("again"), 200, `{"result":"OK"}`)
	formats := []string{}
	for _, m := range w.sandbox.history(t, "sms/messages") {
		formats = append(formats, m["format"].(string)+" "+m["text"].(string))
	}
	if got := strings.Join(formats, ", "); got != "kannel both, json one, kannel again" {
		t.Errorf("arrived: %s", got)
	}

	provider("statistics", "false")
	expect(t, "statistics are off", w.post(t, "/onlinestat/all", ``), 502, `{"error":"Online statistics is unavailable!","id":"<any>"}`)
	provider("demoReport", "false")
	a := w.post(t, "/report/demoReport", period(t))
	expect(t, "the report is off", a, 405, `{"error":"Access denied!"}`)
	if r := recordOf(t, w, a); r.Reason != "provider is switched off" {
		t.Errorf("journal: %+v", r)
	}
	provider("demoReport", "true")
	expect(t, "the report is on", w.post(t, "/report/demoReport", `{"start_date":"2022-11-10","stop_date":"2022-11-10"}`), 200, golden(t, "demoReport"))
}
