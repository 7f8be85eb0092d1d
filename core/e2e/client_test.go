package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) requestID() string { return a.header.Get("X-Request-Id") }

// send makes a request; headers are pairs of a name and a value. An error of the
// connection is the caller's to judge.
func (w *world) send(method, path, body string, headers ...string) (answer, error) {
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(raw)}, err
}

// do is send for a test that expects an answer.
func (w *world) do(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a, err := w.send(method, path, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// raw sends bytes that no client would and reads one answer.
func (w *world) raw(t testing.TB, request string) answer {
	t.Helper()
	c, err := net.Dial("tcp", w.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.100q: %v", request, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// post calls an action as the integrator, as the manual shows it.
func (w *world) post(t testing.TB, path, body string, headers ...string) answer {
	t.Helper()
	return w.do(t, "POST", path, body, append([]string{"Authorization", "Bearer " + w.token}, headers...)...)
}

// get calls an action with query parameters as the integrator.
func (w *world) get(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	return w.do(t, "GET", path, "", append([]string{"Authorization", "Bearer " + w.token}, headers...)...)
}

// expect compares an answer with the manual's. The order of keys counts and so do
// types; <id>, <time>, <uuid>, <token> and <any> in want stand for what varies.
func expect(t testing.TB, what string, got answer, status int, want string) {
	t.Helper()
	if got.status != status || !matches(t, got.body, want) {
		t.Errorf("%s:\n got %d %s\nwant %d %s", what, got.status, short(got.body), status, short(want))
	}
	if got.requestID() == "" {
		t.Errorf("%s: no X-Request-Id", what)
	}
}

func short(s string) string {
	const most = 4000
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

var variables = strings.NewReplacer(
	"<id>", `[1-9][0-9]*`,
	"<time>", `[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]`,
	"<uuid>", `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"<token>", `[0-9a-f]{32}`,
	"<any>", `[^"]*`,
)

func matches(t testing.TB, got, want string) bool {
	t.Helper()
	pattern, err := regexp.Compile("^" + variables.Replace(regexp.QuoteMeta(compact(want))) + "$")
	if err != nil {
		t.Fatalf("golden text: %v", err)
	}
	return pattern.MatchString(compact(got))
}

// compact takes the white space out of JSON; text that is none stays.
func compact(text string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		return text
	}
	return b.String()
}

// decode reads the JSON of an answer.
func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, short(a.body), err)
	}
	return v
}

// object writes string parameters as a JSON object.
func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // a map of strings cannot fail
	}
	return string(raw)
}
