package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const adminAPI = "/admin/api/v1"

// The manual's user, with a password that a new user may have, and the
// administrator's after the first login.
const (
	integrator         = "API_test_2"
	integratorPassword = "e2e-integrator-1"
	rootPassword       = "e2e-administrator-1"
)

// prepareUsers makes the administrator usable and creates the manual's user with
// all rights, who is then logged in.
func (w *world) prepareUsers() {
	w.t.Helper()
	line, err := w.process.after("First start: user admin with password ")
	if err != nil {
		w.t.Fatal(err)
	}
	first, _, _ := strings.Cut(line, " ")
	session := func(a answer) string {
		return decode[struct {
			Token string `json:"access_token"`
		}](w.t, a).Token
	}
	w.adminToken = session(w.admin(w.t, "POST", "/login", object("login", "admin", "password", first)))
	w.adminToken = session(w.admin(w.t, "POST", "/me/password", object("old", first, "new", rootPassword)))
	w.password = integratorPassword
	w.token = w.addUser(w.t, integrator, w.password, "*")
}

// addUser creates an integrator and returns a token of theirs.
func (w *world) addUser(t testing.TB, login, password string, rights ...string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"login": login, "password": password, "rights": rights})
	if err != nil {
		t.Fatal(err)
	}
	w.admin(t, "POST", "/users", string(body))
	return w.login(t, login, password)
}

// login returns a new token of a user.
func (w *world) login(t testing.TB, login, password string) string {
	t.Helper()
	a := w.do(t, "POST", "/auth/login", object("login", login, "password", password))
	token := decode[map[string]string](t, a)["access_token"]
	if a.status != http.StatusOK || token == "" {
		t.Fatalf("login of %s: %d %s", login, a.status, a.body)
	}
	return token
}

// admin calls the administration API and insists on success.
func (w *world) admin(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a := w.do(t, method, adminAPI+path, body, append([]string{"Authorization", "Bearer " + w.adminToken, "Content-Type", "application/json"}, headers...)...)
	if a.status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

// record is a request in the journal as administrators see it.
type record struct {
	ID        string          `json:"id"`
	Module    string          `json:"module"`
	Action    string          `json:"action"`
	Status    int             `json:"status"`
	Error     string          `json:"error"`
	Body      json.RawMessage `json:"body"`
	User      string          `json:"user"`
	IP        string          `json:"ip"`
	RequestID string          `json:"request_id"`
	Reason    string          `json:"reason"`
	Ignored   []string        `json:"ignored"`
	ErrorID   string          `json:"error_id"`
}

// message is an SMS in the journal as administrators see it.
type message struct {
	Phone     string `json:"phone"`
	Message   string `json:"message"`
	Provider  string `json:"provider"`
	Result    string `json:"result"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

// journal reads all pages of a journal, oldest first.
func journal[T any](t testing.TB, w *world, kind string, filters ...string) []T {
	t.Helper()
	query := url.Values{"order": {"oldest"}, "limit": {"10000"}}
	for i := 0; i+1 < len(filters); i += 2 {
		query.Set(filters[i], filters[i+1])
	}
	var all []T
	for {
		page := decode[struct {
			Rows    []T
			Next    string
			Skipped int
		}](t, w.admin(t, "GET", "/journal/"+kind+"?"+query.Encode(), ""))
		all = append(all, page.Rows...)
		if page.Skipped > 0 {
			t.Errorf("%d blocks of the journal are damaged", page.Skipped)
		}
		if page.Next == "" {
			return all
		}
		query.Set("cursor", page.Next)
	}
}

// recordOf returns the journal's record of one answer.
func recordOf(t testing.TB, w *world, a answer) record {
	t.Helper()
	for _, r := range journal[record](t, w, "requests") {
		if r.RequestID == a.requestID() {
			return r
		}
	}
	t.Fatalf("the journal has no request %q (answered %d %s)", a.requestID(), a.status, a.body)
	return record{}
}
