package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// callID is the call that the manual places, and so does the sandbox.
const callID = "87e64143-758c-4f9b-b990-e06613a3d7d2"

// manualJournal shows the reports as the manual prints them: no request bodies,
// telephone numbers in full.
const manualJournal = `
journal {
  body   = "none"
  phones = "full"
}
`

// golden reads an answer of the manual.
func golden(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "manual", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// today is the period of the reports in the gateway's time zone, with a margin
// for a midnight that passes during the test.
func today(t testing.TB) (start, stop string) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	return now.AddDate(0, 0, -1).Format(time.DateOnly), now.AddDate(0, 0, 1).Format(time.DateOnly)
}

func period(t testing.TB, more ...string) string {
	start, stop := today(t)
	return object(append([]string{"start_date", start, "stop_date", stop}, more...)...)
}

// TestManual replays every example of the integrators' manual.
func TestManual(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+manualJournal+node+modules+kannel+statistics+crm)
	replayManual(t, w)
	t.Run("reports of the gateway itself", func(t *testing.T) { replayReports(t, w) })
	if got := w.sandbox.history(t, "incidents"); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
}

// replayManual is the part of the manual that holds in every configuration.
func replayManual(t *testing.T, w *world) {
	expect(t, "login", w.do(t, "POST", "/auth/login", object("login", integrator, "password", w.password)), 200, `{"access_token":"<token>"}`)
	for _, wrong := range []string{
		`{ "login": "API_test_2", "password": "wrong" }`, `{ "login": "nobody", "password": "API_test_2" }`,
	} {
		expect(t, "wrong login", w.do(t, "POST", "/auth/login", wrong), 401, `{"error":"Wrong login or password!"}`)
	}
	call := `{"called_number" : "89100000000", "caller_number" : "1001", "sip" : "1234"}`
	expect(t, "contact/add", w.post(t, "/contact/add", call), 200, `{"message":"+OK `+callID+`\n"}`)
	expect(t, "contact/add again is another call", w.post(t, "/contact/add", call), 200, `{"message":"+OK <uuid>\n"}`)

	for _, row := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/contact/audio", `{"id" : "wrong"}`, 404, `{"error":"Wrong ID!"}`},
		{"/contact/audio", `{"id" : "00000000-758c-4f9b-b990-e06613a3d7d2"}`, 404, `{"error":"Wrong ID!"}`},
		{"/contact/cdr", `{"id" : "wrong"}`, 404, `{"error":"Wrong ID!"}`},
		{"/contact/cdr", `{"id" : "00000000-758c-4f9b-b990-e06613a3d7d2"}`, 404, `{"error":"Wrong ID!"}`},
		{"/contact/queues", ``, 200, golden(t, "queues")},
		{"/contact/queues", `{}`, 200, golden(t, "queues")},
		{"/contact/queues", `{"name" : "support@default"}`, 200, golden(t, "queue")},
		{"/contact/queues", `{"name" : "nosuch@default"}`, 200, `[]`},
		{"/contact/tiers", ``, 200, golden(t, "tiers")},
		{"/contact/tier", `{"queue" : "support2@default"}`, 200, golden(t, "tier")},
		{"/contact/tier", `{"queue" : "nosuch@default"}`, 404, `{"error":"Tier not found"}`},
		{"/sms/send", `{"phone": "89190000000", "message" : "Проверка работы ПО АРІ ЦОВ"}`, 200, `{"result":"OK"}`},
		{"/sms/send", `{"phone": "89190000001", "message" : "Проверка работы API ЦОВ с логами 3", "project_id": "1111"}`, 200, `{"result":"error"}`},
		{"/onlinestat/get", `{"project_id" : "1111"}`, 200, `{"cntLoggedIn":78,"cntReady":56,"cntNotReady":15,"cntTalking":7}`},
		{"/onlinestat/all", ``, 200, golden(t, "onlinestat")},
		{"/report/demoReport", `{"start_date" : "2022-11-10", "stop_date"  : "2022-11-11"}`, 200, golden(t, "demoReport")},
		{"/report/demoReport", `{}`, 419, `{"error":"Empty start_date!"}`},
		{"/report/sms", `{}`, 419, `{"error":"Empty start_date!"}`},
		{"/report/sms", `{"start_date" : "", "stop_date" : "2022-11-11"}`, 419, `{"error":"Empty start_date!"}`},
		{"/report/badRequest", `{"stop_date" : "2022-11-11"}`, 419, `{"error":"Empty start_date!"}`},
		{"/report/badRequest", `{"start_date" : "2022-11-10"}`, 419, `{"error":"Empty stop_date!"}`},
		{"/report/request", `{"start_date" : "2022-11-10", "stop_date" : "2022-11-11"}`, 200, `{"result":"OK","data":[]}`},
	} {
		expect(t, row.path+" "+row.body, w.post(t, row.path, row.body), row.status, row.want)
	}
	checkAudio(t, w)
	checkCDR(t, w)

	// What reads may be asked for with GET, too.
	expect(t, "GET queues", w.get(t, "/contact/queues?name=support@default"), 200, golden(t, "queue"))
	expect(t, "GET onlinestat", w.get(t, "/onlinestat/get?project_id=1111"), 200, `{"cntLoggedIn":78,"cntReady":56,"cntNotReady":15,"cntTalking":7}`)
}

// checkAudio compares the recording with the file in the recordings folder.
func checkAudio(t *testing.T, w *world) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(w.sandbox.recordings, callID+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	got := w.post(t, "/contact/audio", `{"id" : "`+callID+`"}`)
	if got.status != 200 || got.body != string(want) || !strings.HasPrefix(got.body, "RIFF") || got.header.Get("Content-Type") != "audio/wav" {
		t.Errorf("contact/audio: %d %s, %d bytes, want %d", got.status, got.header.Get("Content-Type"), len(got.body), len(want))
	}
	part := w.get(t, "/contact/audio?id="+callID, "Range", "bytes=4-11")
	if part.status != 206 || part.body != string(want[4:12]) || !strings.HasPrefix(part.header.Get("Content-Range"), "bytes 4-11/") {
		t.Errorf("contact/audio with Range: %d %q %s", part.status, part.body, part.header.Get("Content-Range"))
	}
}

// checkCDR compares what the manual prints of the CDR; it leaves out the middle.
func checkCDR(t *testing.T, w *world) {
	t.Helper()
	var got answer
	eventually(t, "the manual's CDR", func() bool {
		got = w.post(t, "/contact/cdr", `{"id" : "`+callID+`"}`)
		return got.status != 404
	})
	var document, want map[string]any
	document = decode[map[string]any](t, got)
	if err := json.Unmarshal([]byte(golden(t, "cdr")), &want); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if name != "callflow" && !reflect.DeepEqual(document[name], value) {
			t.Errorf("contact/cdr: %s is\n%v\nwant\n%v", name, document[name], value)
		}
	}
	flows, _ := document["callflow"].([]any)
	if len(flows) == 0 || !reflect.DeepEqual(flows[len(flows)-1], want["callflow"].([]any)[0]) {
		t.Errorf("contact/cdr: callflow is %v", flows)
	}
}

type report struct {
	Result string
	Data   []map[string]string
}

// replayReports looks for the rows that the requests above have left behind.
func replayReports(t *testing.T, w *world) {
	w.admin(t, "PUT", "/modules/contact/actions/queues", `{"enabled":false}`)
	expect(t, "a switched-off action", w.post(t, "/contact/queues", ``), 405, `{"error":"Access denied!"}`)
	w.admin(t, "PUT", "/modules/contact/actions/queues", `{"enabled":true}`)
	expect(t, "an unknown action", w.post(t, "/contact/getQueue", ``), 405, `{"error":"Access denied!"}`)
	expect(t, "an empty queue", w.post(t, "/contact/tier", `{"queue":""}`), 419, `{"error":"Empty queue!"}`)
	expect(t, "no JSON", w.post(t, "/contact/tier", `{"queue":`), 420, `{"error":"Invalid JSON!"}`)

	rows := func(path string) []map[string]string {
		t.Helper()
		a := w.post(t, path, period(t))
		r := decode[report](t, a)
		if a.status != 200 || r.Result != "OK" || len(r.Data) == 0 {
			t.Fatalf("%s: %d %s", path, a.status, short(a.body))
		}
		return r.Data
	}
	row := func(path string, want string, match ...string) {
		t.Helper()
		for _, r := range rows(path) {
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			ok := true
			for i := 0; i+1 < len(match); i += 2 {
				ok = ok && r[match[i]] == match[i+1]
			}
			if ok {
				if !matches(t, string(raw), want) {
					t.Errorf("%s:\n got %s\nwant %s", path, raw, want)
				}
				return
			}
		}
		t.Errorf("%s has no row with %v", path, match)
	}
	// The keys of a Go map are sorted, so those of want are; the order on the wire
	// is checked below.
	row("/report/sms", `{"Id":"<id>","date_time":"<time>","message":"Проверка работы API ЦОВ с логами 3","originator":"FRONTLINE","phone":"89190000001","project_id":"1111","result":"error","session_id":""}`, "result", "error")
	row("/report/sms", `{"Id":"<id>","date_time":"<time>","message":"Проверка работы ПО АРІ ЦОВ","originator":"FRONTLINE","phone":"89190000000","project_id":"","result":"OK","session_id":""}`, "result", "OK")
	for _, r := range []struct{ path, module, action, code, text string }{
		{"/report/request", "report", "sms", "200", ""},
		{"/report/request", "contact", "tiers", "200", ""},
		{"/report/request", "contact", "tier", "200", ""},
		{"/report/request", "contact", "queues", "200", ""},
		{"/report/badRequest", "contact", "getQueue", "405", "Access denied!"},
		{"/report/badRequest", "contact", "tier", "419", "Empty queue!"},
		{"/report/badRequest", "contact", "tier", "420", "Invalid JSON!"},
		{"/report/badRequest", "contact", "audio", "404", "Wrong ID!"},
		{"/report/badRequest", "auth", "login", "401", "Wrong login or password!"},
	} {
		row(r.path, `{"action":"`+r.action+`","body_request":"","code_response":"`+r.code+`","created_at":"<time>","error_message":"`+r.text+`","id":"<id>","module":"`+r.module+`"}`,
			"module", r.module, "action", r.action, "code_response", r.code)
	}
	for _, r := range rows("/report/badRequest") {
		if r["code_response"] < "400" {
			t.Errorf("a good request among the bad ones: %v", r)
		}
	}
	checkOrder(t, w.post(t, "/report/sms", period(t)), "Id", "phone", "originator", "message", "result", "project_id", "session_id", "date_time")
	checkOrder(t, w.post(t, "/report/request", period(t)), "id", "body_request", "module", "action", "code_response", "error_message", "created_at")
	checkExtended(t, w)
	replayUsers(t, w)
}

// checkExtended asks for what the manual's rows leave out.
func checkExtended(t *testing.T, w *world) {
	t.Helper()
	denied := w.post(t, "/contact/nosuch", ``)
	a := w.post(t, "/report/badRequest", period(t, "extended", "true"))
	checkOrder(t, a, "id", "body_request", "module", "action", "code_response", "error_message", "created_at",
		"user", "ip", "duration_ms", "request_id", "reason", "ignored", "error_id")
	rows := decode[report](t, a).Data
	last := rows[len(rows)-1]
	if last["request_id"] != denied.requestID() || last["reason"] != "no such action" || last["user"] != integrator || last["ip"] != "127.0.0.1" {
		t.Errorf("extended report/badRequest ends with %v, want request %s", last, denied.requestID())
	}
	// Pages of one row each hold the same rows in the same order.
	var paged []map[string]string
	for cursor := ""; ; {
		page := w.post(t, "/report/badRequest", period(t, "limit", "1", "cursor", cursor))
		data := decode[report](t, page).Data
		if page.status != 200 || len(data) > 1 {
			t.Fatalf("page: %d %s", page.status, short(page.body))
		}
		paged = append(paged, data...)
		if cursor = page.header.Get("X-Next-Cursor"); cursor == "" {
			break
		}
	}
	if len(paged) != len(rows) {
		t.Errorf("%d rows in pages, %d in one", len(paged), len(rows))
	}
	for i := range min(len(paged), len(rows)) {
		if paged[i]["id"] != rows[i]["id"] {
			t.Errorf("row %d: id %s in pages, %s in one", i, paged[i]["id"], rows[i]["id"])
			break
		}
	}
	for format, contentType := range map[string]string{"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		sheet := w.post(t, "/report/sms", period(t, "format", format))
		if sheet.status != 200 || !strings.HasPrefix(sheet.header.Get("Content-Type"), contentType) ||
			!strings.Contains(sheet.header.Get("Content-Disposition"), "."+format) || len(sheet.body) < 100 {
			t.Errorf("report/sms as %s: %d %v, %d bytes", format, sheet.status, sheet.header, len(sheet.body))
		}
	}
}

// checkOrder looks at the first row as it was sent.
func checkOrder(t *testing.T, a answer, names ...string) {
	t.Helper()
	first, _, _ := strings.Cut(strings.TrimPrefix(a.body, `{"result":"OK","data":[`), "}")
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, `"`+name+`":"<any>"`)
	}
	if !matches(t, first+"}", "{"+strings.Join(pairs, ",")+"}") {
		t.Errorf("first row %s}, want the keys %v", first, names)
	}
}

func replayUsers(t *testing.T, w *world) {
	t.Helper()
	for _, name := range []string{"API-TEST", "test2", "API-TEST-3"} {
		w.addUser(t, name, "e2e-password-1", "contact.*")
	}
	version := w.admin(t, "GET", "/users/test2", "").header.Get("ETag")
	w.admin(t, "PATCH", "/users/test2", `{"status":9}`, "If-Match", version)
	w.admin(t, "DELETE", "/users/API-TEST-3", "")
	a := w.post(t, "/report/users", ``)
	var got []string
	for _, r := range decode[report](t, a).Data {
		got = append(got, r["username"]+" "+r["status"])
	}
	slices.Sort(got)
	if want := []string{"API-TEST 10", "API-TEST-3 0", "API_test_2 10", "admin 10", "test2 9"}; !slices.Equal(got, want) {
		t.Errorf("report/users: %d %s, want %v", a.status, a.body, want)
	}
	checkOrder(t, a, "username", "status")
}
