package traefik

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const users = "t-may\tanna\t10\tbench.estimate,bench.submit\nt-other\tboris\t10\tbench.echo\nt-blocked\tvera\t9\tbench.estimate\n"

func usersFile(t *testing.T, text string) *Config {
	t.Helper()
	c := CreateConfig()
	c.Users = filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(c.Users, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestServe: who may, what is refused and how, and what the record will say.
func TestServe(t *testing.T) {
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.RequestURI != "/" || r.Header.Get("X-Phone") != "+79190000000" || r.Header.Get("Authorization") != "" || r.ContentLength != int64(len(text)) {
			t.Errorf("upstream got %s %v %q, %v", r.RequestURI, r.Header, text, err)
		}
		if string(text) == "refuse" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, "said \"yes\"")
	})
	p, err := New(context.Background(), upstream, usersFile(t, users), "bench")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	cases := []struct {
		action, token, body string
		status              int
		want, record        string
	}{
		{"estimate", "", `{}`, 401, `{"error":"Unauthorized!"}`, "\tUnauthorized!"},
		{"estimate", "t-unknown", `{}`, 401, `{"error":"Unauthorized!"}`, "\tUnauthorized!"},
		{"estimate", "t-blocked", `{}`, 401, `{"error":"Unauthorized!"}`, "\tUnauthorized!"},
		{"submit", "t-other", `{}`, 405, `{"error":"Access denied!"}`, "boris\tAccess denied!"},
		{"estimate", "t-may", `[]`, 420, `{"error":"Invalid JSON!"}`, "anna\tInvalid JSON!"},
		{"estimate", "t-may", `{"message":"x"}`, 419, `{"error":"Empty phone!"}`, "anna\t***\t1\tEmpty phone!"},
		{"estimate", "t-may", `{"phone":"1","message":" "}`, 419, `{"error":"Empty message!"}`, "anna\t***\t1\tEmpty message!"},
		{"estimate", "t-may", `{"phone":"` + strings.Repeat("1", 65) + `","message":"x"}`, 422, `{"error":"Invalid phone!"}`, "anna\t***\t1\tInvalid phone!"},
		{"estimate", "t-may", `{"phone":"1","message":"` + strings.Repeat("я", 1601) + `"}`, 422, `{"error":"Invalid message!"}`, "anna\t***\t1601\tInvalid message!"},
		{"estimate", "t-may", `{"phone":"84957777777","message":"x"}`, 422, `{"error":"Invalid phone!"}`, "anna\t8495***77\t1\tInvalid phone!"},
		{"estimate", "t-may", `{"phone":"+7 919 000-00-00","message":"да"}`, 200, `{"phone":"+79190000000","country":"7","encoding":"ucs2","segments":1}`, "anna\t+7919***00\t2"},
		{"submit", "t-may", `{"phone":"89190000000","message":"x"}`, 200, `{"phone":"+79190000000","country":"7","encoding":"gsm7","segments":1,"answer":"said \"yes\""}`, "anna\t8919***00\t1"},
		{"submit", "t-may", `{"phone":"89190000000","message":"refuse"}`, 502, `{"error":"Upstream is unavailable!"}`, "anna\t8919***00\t6\tUpstream is unavailable!"},
	}
	for _, c := range cases {
		r := httptest.NewRequest(http.MethodPost, "/bench/"+c.action, strings.NewReader(c.body))
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s of %q with %.40s: %d %s; want %d %s", c.action, c.token, c.body, w.Code, w.Body, c.status, c.want)
		}
		id, record, _ := strings.Cut(r.Header.Get(recordHeader), "\t")
		if record != c.record || id == "" || id != w.Header().Get("X-Request-Id") {
			t.Errorf("%s with %.40s: recorded %q %q, want %q", c.action, c.body, id, record, c.record)
		}
		ids[id] = true
	}
	if len(ids) != len(cases) {
		t.Errorf("%d ids for %d requests", len(ids), len(cases))
	}
}

func TestBadUsers(t *testing.T) {
	for _, c := range []*Config{CreateConfig(), usersFile(t, "token\tlogin\t10\n")} {
		if _, err := New(context.Background(), nil, c, "bench"); err == nil || !strings.Contains(err.Error(), "users") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
