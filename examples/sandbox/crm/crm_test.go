package crm

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

type client struct {
	t   *testing.T
	mux *http.ServeMux
}

func (c client) do(method, path, token, body string) (int, string) {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if body == "" {
		r.Header.Del("Content-Type")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	c.mux.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	return w.Code, string(text)
}

func (c client) login() string {
	c.t.Helper()
	status, body := c.do("POST", "/crm/login", "", `{"login":"crm","password":"crm-secret"}`)
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || answer.Token == "" {
		c.t.Fatalf("login: %d %s %v", status, body, err)
	}
	return answer.Token
}

func newClient(t *testing.T, o Options) (client, *Server) {
	s, mux := New(o), http.NewServeMux()
	s.Register(mux)
	return client{t, mux}, s
}

func TestLogin(t *testing.T) {
	c, _ := newClient(t, Options{})
	for body, want := range map[string]int{`{`: 400, `{}`: 401, `{"login":"crm","password":"x"}`: 401, `[]`: 400} {
		if status, _ := c.do("POST", "/crm/login", "", body); status != want {
			t.Errorf("%s: %d, want %d", body, status, want)
		}
	}
	if a, b := c.login(), c.login(); a == b {
		t.Error("two logins share a token")
	}
}

func TestReportIsTheManuals(t *testing.T) {
	c, _ := newClient(t, Options{})
	token := c.login()
	want, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var wanted []map[string]any
	if err := json.Unmarshal(want, &wanted); err != nil || len(wanted) != 4 {
		t.Fatalf("testdata: %d rows, %v", len(wanted), err)
	}
	for _, request := range [][2]string{
		{"GET", "/crm/reports/demo?from=2022-11-10&to=2022-11-11"}, {"POST", "/crm/reports/demo"},
	} {
		body := ""
		if request[0] == "POST" {
			body = `{"from":"2022-11-01","to":"2022-11-10"}`
		}
		status, text := c.do(request[0], request[1], token, body)
		var got struct{ Rows []map[string]any }
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || !reflect.DeepEqual(got.Rows, wanted) {
			t.Errorf("%s: %d %s %v", request[0], status, text, err)
		}
		at := 0
		for _, name := range Columns {
			next := strings.Index(text[at:], `"`+name+`":`)
			if next < 0 {
				t.Fatalf("column %s is out of order", name)
			}
			at += next
		}
	}
}

func TestReportPeriods(t *testing.T) {
	c, _ := newClient(t, Options{})
	token := c.login()
	for query, want := range map[string]string{
		"from=2022-11-11&to=2022-11-12": `{"rows":[]}`, "from=2022-11-11&to=2022-11-10": "to is before from",
		"from=2022-11-11": "to must be", "": "must be YYYY-MM-DD", "from=yesterday&to=2022-11-10": "from must be",
	} {
		if _, body := c.do("GET", "/crm/reports/demo?"+query, token, ""); !strings.Contains(body, want) {
			t.Errorf("%q: %s", query, body)
		}
	}
}

func TestExpiryAndNewLogin(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c, s := newClient(t, Options{Now: func() time.Time { return now }})
	const path = "/crm/reports/demo?from=2022-11-10&to=2022-11-10"
	token := c.login()
	expect := func(token string, want int) {
		t.Helper()
		if status, body := c.do("GET", path, token, ""); status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	expect("", 401)
	expect("guess", 401)
	expect(token, 200)
	now = now.Add(10 * time.Minute)
	expect(token, 401)
	token = c.login()
	expect(token, 200)
	if status, _ := c.do("POST", "/crm/expire", "", ""); status != 204 {
		t.Errorf("expire: %d", status)
	}
	expect(token, 401)
	expect(c.login(), 200)
	if n := len(s.Requests()); n != 10 {
		t.Errorf("%d requests were noted", n)
	}
}
