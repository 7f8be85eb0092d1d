package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

const documentText = `module "sms" {
  enabled = false
  settings = {
    providers = ["kannel", "backup"]
    quiet     = true
    retries   = 3
    share     = 0.5
    text      = "line\nwith $${no} \"template\""
    "weird key" = {
      password = {
        set = true
      }
    }
  }
  action "send" {
    enabled = false
    limit   = "5/m burst 9"
  }
  action "status" {
    limit = "off"
  }
}

provider "kannel" {
  plugin = "sms-kannel"
  settings = {
    password = {
      set = true
    }
  }
  grant {
    capabilities = ["http"]
    http {
      hosts   = ["kannel.example:13013"]
      private = true
    }
  }
}

freeswitch "main" {
  account_pattern   = "[0-9]{3,6}"
  address           = "10.0.0.5:8021"
  originate_timeout = "30s"
  password = {
    set = true
  }
  weight = 0
  recordings {
    source = "http"
    url    = "https://pbx.example/{uuid}.wav"
  }
  cdr {
    token = {
      set = true
    }
  }
}

guard "call" {
  allow      = ["+375"]
  mode       = "watch"
  user_spend = 0.5
  users      = [{ allow = ["+44"], per_day = 100, user = "crm" }]
  webhook = {
    set = true
  }
}
`

func asJSON(t testing.TB, d *config.Document) string {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestADocumentIsTheSameInBothForms(t *testing.T) {
	d, diags := config.ParseDocument("text", []byte(documentText))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	again, diags := config.ParseDocument("again", d.HCL())
	if diags.HasErrors() || asJSON(t, d) != asJSON(t, again) || string(d.HCL()) != string(again.HCL()) {
		t.Errorf("HCL:\n%s\n%v\n%+v\n%+v", d.HCL(), diags, d, again)
	}
	text := asJSON(t, d)
	fromJSON, diags := config.ParseDocumentJSON([]byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if string(fromJSON.HCL()) != string(d.HCL()) {
		t.Errorf("by way of JSON:\n%s\nwant\n%s", fromJSON.HCL(), d.HCL())
	}
	for _, want := range []string{`"enabled":false`, `"weird key":{"password":{"set":true}}`, `"limit":"5/m burst 9"`, `"hosts":["kannel.example:13013"],"private":true`, `"plugin":"sms-kannel"`,
		`"freeswitch":{"main":{"account_pattern":"[0-9]{3,6}","address":"10.0.0.5:8021","cdr":{"token":{"set":true}},"originate_timeout":"30s","password":{"set":true},`,
		`"recordings":{"source":"http","url":"https://pbx.example/{uuid}.wav"}`, `"guard":{"call":{"allow":["+375"],`} {
		if !strings.Contains(text, want) {
			t.Errorf("JSON lacks %s: %s", want, text)
		}
	}
}

func TestADocumentFromOutsideSeesNothingOfTheMachine(t *testing.T) {
	t.Setenv("DOCUMENT_SECRET", "leaked")
	for text, want := range map[string]string{
		`provider "p" { secrets = { password = env("DOCUMENT_SECRET") } }`:                                          "DOCUMENT_SECRET",
		`provider "p" { secrets = { password = file("/etc/passwd") } }`:                                             "file",
		`gateway { listen = "0.0.0.0:1" }`:                                                                          "gateway",
		`trust { unsigned = "allow" }`:                                                                              "trust",
		"freeswitch \"a\" {\n address = \"a:1\"\n account_pattern = \"1\"\n password = env(\"DOCUMENT_SECRET\")\n}": "DOCUMENT_SECRET",
		"guard \"call\" {\n tariff = file(\"/etc/passwd\")\n}":                                                      "file",
		"module \"sms\" {\n sha256 = \"" + strings.Repeat("a", 64) + "\"\n}":                                        "sha256",
		"module \"contact\" {\n grant {\n freeswitch {\n operations = [\"status\"]\n}\n}\n}\n":                      "freeswitch",
		`module "sms" {`:                "",
		strings.Repeat(`m {`, 200):      "",
		`module "sms" { colour = red }`: "",
	} {
		d, diags := config.ParseDocument("outside", []byte(text))
		if d != nil || !diags.HasErrors() || !strings.Contains(diags.Err().Error(), want) || strings.Contains(diags.Err().Error(), "leaked") {
			t.Errorf("%s: %v, %v", text, d, diags)
		}
	}
}

// TestEveryMistakeInADocumentHasItsPlace: nodes and guards are read by the rules of gateway.hcl.
func TestEveryMistakeInADocumentHasItsPlace(t *testing.T) {
	_, diags := config.ParseDocument("document", []byte(`freeswitch "main" {
  address         = "nowhere"
  password        = { set = false }
  account_pattern = "("
  weigth          = 2
  weight          = "2"
  cdr {
    token = 5
  }
}
freeswitch "main" {
  account_pattern = "1"
}
guard "call" {
  mode    = "on"
  webhook = { set = 1 }
  colour  = "red"
  user_per_day = 1.5
}
guard "fax" {
}
`))
	for _, want := range []string{
		`document:2:21: error: freeswitch.main.address`, `document:3:21: error: freeswitch.main.password must be a string`,
		`document:4:21: error: freeswitch.main.account_pattern`, `document:5:3: error: unknown key "weigth" in freeswitch.main (did you mean "weight"?)`,
		`document:6:21: error: freeswitch.main.weight must be a number`, `document:8:13: error: freeswitch.main.cdr.token must be a string`,
		`document:11:12: error: freeswitch "main" is there twice, first at document:1:1`,
		`document:15:13: error: guard.call.mode`, `document:16:13: error: guard.call.webhook must be a string`,
		`document:17:3: error: unknown key "colour" in guard.call`, `document:18:18: error: guard.call.user_per_day`, `document:20:1: error: guard "fax" is not one of call, message`,
	} {
		if !strings.Contains(diags.Error(), want) {
			t.Errorf("nothing says %s", want)
		}
	}
	if len(diags) != 12 {
		t.Errorf("%d findings:\n%s", len(diags), diags.Error())
	}
}

// TestADocumentInJSONObeysTheSameRules: what no file could say, no JSON can either.
func TestADocumentInJSONObeysTheSameRules(t *testing.T) {
	for text, want := range map[string]string{
		`{"freeswitch":{"a":{"address":"h:1","account_pattern":"1","weight":"2"}}}`:                                 "freeswitch.a.weight must be a number",
		`{"freeswitch":{"a":{"address":"h:1","account_pattern":"1","colour":2}}}`:                                   `unknown key "colour" in freeswitch.a`,
		`{"freeswitch":{"a":{"address":"h:1","account_pattern":"1","cdr":{"token":"12345678","x y":1}}}}`:           `unknown key "x y" in freeswitch.a.cdr`,
		`{"freeswitch":{"a":{"account_pattern":"1","domain = \"x\"\n}\nfreeswitch \"b\" {\naccount_pattern":"1"}}}`: "unknown key",
		`{"freeswitch":{"a":{"account_pattern":"1","cdr":"x"}}}`:                                                    "block",
		`{"freeswitch":{"a":[]}}`:                        "cannot unmarshal",
		`{"freeswitch":{"1 2":{"account_pattern":"1"}}}`: "not a valid name",
		`{"freeswitch":{"a":{"account_pattern":"1","dial":"user/${env(\"HOME\")} {account}{called}","domain":"${env}"}}}`: "not a domain",
		`{"guard":{"fax":{}}}`:                                       `guard "fax" is not one of`,
		`{"guard":{"call":{"mode":null}}}`:                           "must not be null",
		`{"guard":{"call":{"allow":["x"]}}}`:                         "guard.call.allow",
		`{"guard":{"call":{"user_per_day":9007199254740993000000}}}`: "too large",
		`{"module":{}} {}`:                                           "more behind",
		`{"colour":{}}`:                                              "colour",
		`[]`:                                                         "cannot unmarshal",
		``:                                                           "EOF",
	} {
		d, diags := config.ParseDocumentJSON([]byte(text))
		if d != nil || !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", text, d, diags, want)
		}
	}
}

// TestPlacesInADocument: what a mistake that is found later is about can be shown.
func TestPlacesInADocument(t *testing.T) {
	d, diags := config.ParseDocument("document", []byte(documentText+"\nprovider \"p.q/r\" {\n}\n"))
	if d != nil || !diags.HasErrors() {
		t.Fatal("a strange name is taken")
	}
	d, _ = config.ParseDocument("document", []byte(documentText+"\nprovider \"next\" {\n  secrets = {\n    key = \"k\"\n  }\n}\n"))
	line := func(text string) int {
		return 1 + strings.Count(string(documentText)[:strings.Index(documentText, text)], "\n")
	}
	for pointer, want := range map[string]int{
		"/module/sms/action/send/limit":                  line(`limit   = "5/m`),
		"/module/sms/settings/weird key/password/gone":   line("password = {"),
		"/freeswitch/main/cdr/token":                     line("token = {"),
		"/freeswitch/main/recordings/url":                line("url    ="),
		"/freeswitch/main/domain":                        line(`freeswitch "main"`),
		"/guard/call/users/0/per_day":                    line("users      ="),
		"/provider/next/settings/key":                    strings.Count(documentText, "\n") + 4,
		"/provider/kannel/grant/http/hosts/0":            line("hosts "),
		"/provider/kannel/grant/capabilities/no~1such~0": line("capabilities "),
	} {
		if r, ok := d.Locate(pointer); !ok || r.Line != want {
			t.Errorf("%s: %v %v, want line %d", pointer, r, ok, want)
		}
	}
	if _, ok := d.Locate("/user/nobody"); ok {
		t.Error("a place for what is not there")
	}
	if read, _ := config.ParseDocumentJSON([]byte(`{"module":{"sms":{}}}`)); read == nil {
		t.Error("a plain document is refused")
	} else if _, ok := read.Locate("/module/sms"); ok {
		t.Error("JSON has no places")
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(documentText)
	f.Add("provider \"a\" {\n settings = { a = null, b = [], c = {} }\n}\n")
	f.Add("freeswitch \"a\" {\n accounts = [\"1\"]\n cdr {\n user = \"u\"\n password = { set = true }\n allow = [\"10.0.0.0/8\"]\n}\n}\nguard \"message\" {\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, diags := config.ParseDocument("fuzz", []byte(text))
		if diags.HasErrors() {
			return
		}
		again, diags := config.ParseDocument("again", d.HCL())
		if diags.HasErrors() {
			t.Fatalf("%s\nbecame\n%s\n%v", text, d.HCL(), diags)
		}
		if string(again.HCL()) != string(d.HCL()) {
			t.Errorf("%s\nbecame\n%s\nand then\n%s", text, d.HCL(), again.HCL())
		}
	})
}

func FuzzDocumentInJSON(f *testing.F) {
	f.Add(`{"freeswitch":{"a":{"account_pattern":"1","cdr":{"token":{"set":true}}}},"guard":{"call":{"allow":["+375"]}}}`)
	f.Add(`{"guard":{"call":{"users":[{"user":"crm","allow":[]}]},"message":{"x = 1":1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, diags := config.ParseDocumentJSON([]byte(text))
		if diags.HasErrors() {
			return
		}
		if again, diags := config.ParseDocumentJSON([]byte(asJSON(t, d))); diags.HasErrors() || asJSON(t, again) != asJSON(t, d) {
			t.Errorf("%s\nbecame\n%s\n%v", text, asJSON(t, d), diags)
		}
	})
}
