package stats

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	const one = `{"cntLoggedIn":78,"cntReady":56,"cntNotReady":15,"cntTalking":7}`
	const all = `{"9876":{"cntLoggedIn":57,"cntReady":6,"cntNotReady":49,"cntTalking":2},"1111":{"cntLoggedIn":111,"cntReady":80,"cntNotReady":29,"cntTalking":2},"5566":{"cntLoggedIn":49,"cntReady":38,"cntNotReady":8,"cntTalking":3}}`
	tests := []struct {
		name, key, method, path, contentType, body, token string
		status                                            int
		want                                              string
	}{
		{"one", "", "GET", "/stats/get?project_id=1111", "", "", "", 200, one},
		{"one by form", "", "POST", "/stats/get", "application/x-www-form-urlencoded", "project_id=1111", "", 200, one},
		{"one by JSON", "", "POST", "/stats/get", "application/json", `{"project_id":"1111"}`, "", 200, one},
		{"short path", "", "GET", "/stats?project_id=1111", "", "", "", 200, one},
		{"all", "", "GET", "/stats/all", "", "", "", 200, all},
		{"all by short path", "", "POST", "/stats", "", "", "", 200, all},
		{"unknown project", "", "GET", "/stats/get?project_id=77", "", "", "", 404, `{"error":"unknown project"}`},
		{"no project", "", "GET", "/stats/get", "", "", "", 404, `{"error":"unknown project"}`},
		{"broken JSON", "", "POST", "/stats/get", "application/json", `{`, "", 404, `{"error":"unknown project"}`},
		{"no key", "k", "GET", "/stats/all", "", "", "", 401, `{"error":"unauthorized"}`},
		{"key", "k", "GET", "/stats/all", "", "", "k", 200, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mux := http.NewServeMux()
			New(Options{Key: tt.key}).Register(mux)
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Body)
			if w.Code != tt.status || strings.TrimSpace(string(body)) != tt.want {
				t.Errorf("%d %s", w.Code, body)
			}
		})
	}
}

// The manual's `get` and `all` disagree about 1111, but each adds up.
func TestSums(t *testing.T) {
	s := New(Options{})
	check := func(c Counters) {
		if c.LoggedIn != c.Ready+c.NotReady+c.Talking {
			t.Errorf("%+v does not add up", c)
		}
	}
	for _, c := range s.single {
		check(c)
	}
	for _, p := range s.all {
		check(p.counters)
	}
}
