package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

const usersText = `
user "crm@shop.example" {
  role        = "integrator"
  status      = "blocked"
  rights      = ["sms.*", "contact.add"]
  allowed_ips = []
  limits      = { all = { per_second = 0.5, burst = 3 }, actions = { "sms.send" = { per_second = 2 } } }
  note        = "sales \"CRM\""
  must_change = false
}

user "bare" {}

module "sms" {
  enabled = true
}
`

func TestUsersOfADocumentAreTheSameInBothForms(t *testing.T) {
	d, diags := config.ParseDocument("text", []byte(usersText))
	if d == nil {
		t.Fatal(diags.Err())
	}
	u := d.Users["crm@shop.example"]
	if u.Status != "blocked" || len(u.Rights) != 2 || u.AllowedIPs == nil || len(u.AllowedIPs) != 0 || u.Limits.All.PerSecond != 0.5 ||
		u.Limits.Actions["sms.send"].PerSecond != 2 || *u.Note != `sales "CRM"` || *u.MustChange {
		t.Errorf("%+v", u)
	}
	if bare := d.Users["bare"]; bare.Rights != nil || bare.AllowedIPs != nil || bare.Note != nil || bare.Role != "" {
		t.Errorf("says something: %+v", bare)
	}
	again, diags := config.ParseDocument("again", d.HCL())
	if again == nil || !reflect.DeepEqual(d.Users, again.Users) || string(again.HCL()) != string(d.HCL()) {
		t.Errorf("written and read again: %v\n%s", diags.Err(), d.HCL())
	}
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var other config.Document
	if err := json.Unmarshal(raw, &other); err != nil || !reflect.DeepEqual(d.Users, other.Users) {
		t.Errorf("%v: %s", err, raw)
	}
}

func TestUsersOfADocumentAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		`user "a" { password = "x" }`:                                     `unknown key "password"`,
		`user { }`:                                                        "takes one login",
		`user "a" "b" { }`:                                                "takes one login",
		"user \"a\" {}\nuser \"a\" {}":                                    "twice",
		`user "a" { status = "deleted" }`:                                 "deleted",
		`user "a" { limits = { all = { per_minute = 1 } } }`:              "per_minute",
		`user "a" { limits = { all = 5 } }`:                               "limits",
		`user "a" { rights = "sms.*" }`:                                   "list",
		`user "a" { role = env("HOME") }`:                                 "",
		"gateway {\n listen = \"127.0.0.1:1\"\n}\nuser \"a\" {}":          "does not belong",
		`user "a" { rights = ["x", "x"] }`:                                "twice",
		`user "a" { token "x" {} }`:                                       "token",
		`user "a" { limits = { all = { per_second = 5 }, others = {} } }`: "others",
	} {
		d, diags := config.ParseDocument("text", []byte(text))
		if d != nil || !strings.Contains(diags.Err().Error(), want) {
			t.Errorf("%s: %v", text, diags.Err())
		}
	}
	// The configuration file itself knows no users.
	if c, diags := config.Parse("gateway.hcl", []byte(`user "a" {}`), config.Env{}); c != nil {
		t.Errorf("gateway.hcl takes users: %v", diags)
	}
}
