package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// callerPatience is how long a caller waits; longer than any answer may take.
const callerPatience = 30 * time.Second

func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		Timeout:       callerPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came back.
type answer struct {
	status    int
	requestID string
	header    http.Header
	body      string
}

// do makes one request; headers are pairs of a name and a value. An error means
// that no whole answer came.
func do(ctx context.Context, client *http.Client, method, url, body string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	// A request that was begun on a connection which then broke is the caller's to
	// repeat, never the client library's.
	r.GetBody = nil
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, response.Header.Get("X-Request-Id"), response.Header, string(raw)}, nil
}

// send calls an action as the integrator.
func (w *world) send(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	return do(ctx, w.client, method, w.url()+path, body, append([]string{"Authorization", "Bearer " + w.token}, headers...)...)
}

const adminAPI = "/admin/api/v1"

// admin calls the administration API and decodes its answer into out, when that is
// not nil.
func (w *world) admin(ctx context.Context, method, path, body string, out any) error {
	a, err := do(ctx, w.client, method, w.url()+adminAPI+path, body, "Authorization", "Bearer "+w.adminToken, "Content-Type", "application/json")
	if err != nil {
		return err
	}
	if a.status >= 300 {
		return fmt.Errorf("%s %s: %d %.300s", method, path, a.status, a.body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal([]byte(a.body), out)
}

// object writes string parameters as a JSON object.
func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	raw, _ := json.Marshal(m) // a map of strings cannot fail
	return string(raw)
}

// errorID is the id that an answer gives to its error, "" without one.
func (a answer) errorID() string {
	var body struct{ ID string }
	_ = json.Unmarshal([]byte(a.body), &body) // not every answer is an error
	return body.ID
}

var errStatus = errors.New("unexpected answer")

// want is an error unless the answer has the status.
func (a answer) want(status int) error {
	if a.status != status {
		return fmt.Errorf("%w: %d %.200s, want %d", errStatus, a.status, a.body, status)
	}
	return nil
}
