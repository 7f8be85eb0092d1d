package app_test

import (
	"testing"
	"time"
)

const notForThePanel = "This token is for the API of integrators, not for the panel!"

// ownTokens: a token that a session issues to itself calls actions, opens nothing here,
// and ends with the session. That it opens no route at all is for everyEndpoint.
func ownTokens(t *testing.T, r *rig) {
	begin := func() {
		t.Helper()
		in := r.want(200, "", "POST", "/login", `{"login":"manager","password":"manager-pass"}`)
		r.tokens["session"], _ = in.at("access_token").(string)
		a := r.want(201, "session", "POST", "/me/tokens", `{"label":"report"}`)
		r.audited("token.create", "manager", "manager", a)
		r.tokens["own"], _ = a.at("token").(string)
		ends, err := time.Parse(time.RFC3339, a.at("expires").(string))
		if left := time.Until(ends); err != nil || left <= 0 || left > 10*time.Minute {
			t.Errorf("it lives for %v, %v", left, err)
		}
	}
	call := func(want int) {
		t.Helper()
		if a := r.send("own", "POST", "/echo/echo", `{"text":"hi"}`); a.status != want {
			t.Errorf("an action with it: %d %s, want %d", a.status, a.text, want)
		}
	}

	begin()
	call(200)
	for _, q := range [][3]string{{"GET", "/me", ``}, {"POST", "/me/tokens", `{"label":"report"}`}, {"POST", "/me/password", `{"old":"manager-pass","new":"manager-pass-2"}`}, {"POST", "/logout", ``}} {
		if a := r.want(403, "own", q[0], q[1], q[2]); a.at("error") != notForThePanel {
			t.Errorf("%s %s: %s", q[0], q[1], a.text)
		}
	}
	call(200) // and the session is as it was
	r.want(200, "session", "GET", "/me", "")

	r.want(204, "session", "POST", "/logout", "")
	call(401)
	r.want(401, "own", "GET", "/me", "")

	// What an administrator issues is a token as any other.
	a := r.want(201, "administrator", "POST", "/users/manager/tokens", `{"label":"report"}`)
	r.tokens["issued"], _ = a.at("token").(string)
	r.want(200, "issued", "GET", "/me", "")

	// The person ends one, as the panel does when its page is left.
	begin()
	list := r.want(200, "session", "GET", "/users/manager/tokens", "")
	r.want(204, "session", "DELETE", "/me/tokens/"+list.at("tokens", 0, "id").(string), "")
	call(401)
	r.want(200, "session", "GET", "/me", "")
	r.want(204, "session", "POST", "/logout", "")

	begin()
	r.want(200, "administrator", "DELETE", "/users/manager/tokens", "")
	call(401)
	r.want(401, "issued", "GET", "/me", "")
	again := r.send("", "POST", "/auth/login", `{"login":"manager","password":"manager-pass"}`)
	if r.tokens["manager"], _ = again.at("access_token").(string); r.tokens["manager"] == "" {
		t.Fatalf("login: %d %s", again.status, again.text)
	}
}
