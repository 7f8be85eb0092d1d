package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/authenticator"
)

// secondFactorScenario: enrol, sign in with two steps, lose the device.
func secondFactorScenario(t *testing.T, r *rig) {
	r.want(201, "administrator", "POST", "/users", `{"login":"careful","role":"manager","password":"careful-pass"}`)
	in := r.want(200, "", "POST", "/login", `{"login":"careful","password":"careful-pass"}`)
	r.tokens["careful"], _ = in.at("access_token").(string)
	if a := r.want(200, "careful", "GET", "/me", ""); a.at("second_factor") != false || a.at("recovery_left") != 0.0 {
		t.Errorf("me: %s", a.text)
	}
	r.want(409, "careful", "POST", "/me/second-factor/disable", `{"code":"123456"}`)
	r.want(422, "careful", "POST", "/me/second-factor", `{"password":"wrong-password"}`)
	e := r.want(200, "careful", "POST", "/me/second-factor", `{"password":"careful-pass"}`)
	secret, _ := e.at("secret").(string)
	if qr, _ := e.at("qr").(string); secret == "" || !strings.HasPrefix(qr, "data:image/png;base64,") {
		t.Fatalf("enrolment: %s", e.text)
	}
	// A step in the past keeps the present one for the login below.
	code := func(at time.Time) string { return authenticator.Code(t, secret, at) }
	now := time.Now()
	r.want(422, "careful", "POST", "/me/second-factor/confirm", `{"code":"12"}`)
	confirmed := r.want(200, "careful", "POST", "/me/second-factor/confirm", `{"code":"`+code(now)+`"}`)
	recovery, _ := confirmed.at("recovery_codes", 0).(string)
	if r.audited("user.second_factor.enable", "careful", "careful", confirmed); recovery == "" {
		t.Fatalf("confirmed: %s", confirmed.text)
	}
	if a := r.want(200, "careful", "GET", "/me", ""); a.at("second_factor") != true || a.at("recovery_left") != 10.0 {
		t.Errorf("me: %s", a.text)
	}

	if a := r.want(202, "", "POST", "/login", `{"login":"careful","password":"careful-pass"}`); a.at("second_factor") != true || a.at("access_token") != nil {
		t.Errorf("the first step: %s", a.text)
	}
	// The integrators' door has no second step, so it stays shut, and tells nothing.
	a := r.send("", "POST", "/auth/login", `{"login":"careful","password":"careful-pass"}`)
	b := r.send("", "POST", "/auth/login", `{"login":"careful","password":"other-pass"}`)
	if a.status != 401 || a.text != b.text {
		t.Errorf("/auth/login: %d %s, with a wrong password %s", a.status, a.text, b.text)
	}
	r.want(401, "", "POST", "/login", `{"login":"careful","password":"careful-pass","code":"`+code(now)+`"}`) // used
	in = r.want(200, "", "POST", "/login", `{"login":"careful","password":"careful-pass","code":"`+code(now.Add(30*time.Second))+`"}`)
	if row := r.audited("session.login", "careful", "careful", in); row.at("after", "second_factor") != "code" {
		t.Errorf("audit: %s", row.text)
	}
	in = r.want(200, "", "POST", "/login", `{"login":"careful","password":"careful-pass","code":"`+recovery+`"}`)
	if row := r.audited("session.login", "careful", "careful", in); row.at("after", "second_factor") != "recovery code" {
		t.Errorf("audit: %s", row.text)
	}
	if a := r.want(200, "auditor", "GET", "/users/careful", ""); a.at("second_factor") != true || strings.Contains(a.text, secret) {
		t.Errorf("user: %s", a.text)
	}
	r.audited("user.second_factor.reset", "careful", "admin", r.want(204, "administrator", "DELETE", "/users/careful/second-factor", ""))
	r.want(409, "administrator", "DELETE", "/users/careful/second-factor", "")
	r.want(200, "", "POST", "/login", `{"login":"careful","password":"careful-pass"}`)
}
