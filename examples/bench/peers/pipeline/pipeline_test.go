package pipeline

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/bench/ledger"
)

// says answers what it was asked, or refuses.
type says struct{}

func (says) Estimate(q SMS) ([]byte, error) {
	switch q.Phone {
	case "landline":
		return nil, ErrPhone
	case "broken":
		return nil, errors.New("broken")
	}
	return []byte(`{"phone":"` + q.Phone + `"}`), nil
}

func (s says) Submit(q SMS) ([]byte, error) {
	answer, err := s.Estimate(q)
	if err != nil {
		return nil, err
	}
	return WithAnswer(answer, "said \"yes\"\x01")
}

const users = "t-may\tanna\t10\tbench.estimate,bench.submit\nt-other\tboris\t10\tbench.echo\nt-blocked\tvera\t9\tbench.estimate\n"

// start serves until the test stops it, and returns the address and stop.
func start(t *testing.T, dir string) (address string, stop func()) {
	t.Helper()
	file := filepath.Join(dir, "users")
	if err := os.WriteFile(file, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, Options{Name: "test", Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Users: file, Engine: says{}}, in)
		_ = in.Close()
	}()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("it does not listen: ", <-ended)
	}
	_, address, _ = strings.Cut(lines.Text(), "listens on ")
	return address, func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestServe: who may, what is refused and how, and a record for each of them.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	address, stop := start(t, dir)
	cases := []struct {
		action, token, body string
		status              int
		want                string
	}{
		{"estimate", "", `{}`, 401, `{"error":"Unauthorized!"}`},
		{"estimate", "t-unknown", `{}`, 401, `{"error":"Unauthorized!"}`},
		{"estimate", "t-blocked", `{}`, 401, `{"error":"Unauthorized!"}`},
		{"submit", "t-other", `{}`, 405, `{"error":"Access denied!"}`},
		{"estimate", "t-may", `[]`, 420, `{"error":"Invalid JSON!"}`},
		{"estimate", "t-may", `{"phone":5}`, 420, `{"error":"Invalid JSON!"}`},
		{"estimate", "t-may", `{}`, 419, `{"error":"Empty phone!"}`},
		{"estimate", "t-may", `{"phone":"1","message":" "}`, 419, `{"error":"Empty message!"}`},
		{"estimate", "t-may", `{"phone":"` + strings.Repeat("1", 65) + `","message":"x"}`, 422, `{"error":"Invalid phone!"}`},
		{"estimate", "t-may", `{"phone":"1","message":"` + strings.Repeat("я", 1601) + `"}`, 422, `{"error":"Invalid message!"}`},
		{"estimate", "t-may", `{"phone":"landline","message":"x"}`, 422, `{"error":"Invalid phone!"}`},
		{"submit", "t-may", `{"phone":"broken","message":"x"}`, 502, `{"error":"Upstream is unavailable!"}`},
		{"estimate", "t-may", `{"phone":"1","message":"x"}`, 200, `{"phone":"1"}`},
		{"submit", "t-may", `{"phone":"1","message":"x"}`, 200, `{"phone":"1","answer":"said \"yes\"\u0001"}`},
	}
	ids := map[string]bool{}
	for _, c := range cases {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/bench/"+c.action, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			q.Header.Set("Authorization", "Bearer "+c.token)
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != c.status || string(body) != c.want {
			t.Errorf("%s of %q with %.40s: %d %s, %v; want %d %s", c.action, c.token, c.body, r.StatusCode, body, err, c.status, c.want)
		}
		ids[r.Header.Get("X-Request-Id")] = true
	}
	if len(ids) != len(cases) {
		t.Errorf("%d ids for %d requests", len(ids), len(cases))
	}
	stop()
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "data"), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if n, err := l.Recorded(t.Context()); err != nil || n != len(cases) {
		t.Errorf("%d records, %v; want %d", n, err, len(cases))
	}
}

func TestServeSaysWhatIsMissing(t *testing.T) {
	err := Serve(t.Context(), Options{Users: filepath.Join(t.TempDir(), "none")}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "users") {
		t.Error(err)
	}
}

func FuzzParseUsers(f *testing.F) {
	f.Add(users)
	f.Add("")
	f.Add("token\tlogin\t10")
	f.Add("token\tlogin\t10\tr\ntoken\tother\t10\tr")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseUsers(strings.NewReader(text))
		if err != nil {
			return
		}
		for token, u := range list {
			if token == "" || u.login == "" || !strings.Contains(text, token+"\t"+u.login+"\t") {
				t.Errorf("%q: %q of %+v", text, token, u)
			}
		}
		if len(list) == 0 {
			t.Errorf("%q: accepted without a user", text)
		}
	})
}
