package config_test

import (
	"encoding/json"
	"reflect"
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
`

func TestADocumentIsTheSameInBothForms(t *testing.T) {
	d, diags := config.ParseDocument("text", []byte(documentText))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	again, diags := config.ParseDocument("again", d.HCL())
	if diags.HasErrors() || !reflect.DeepEqual(d, again) {
		t.Errorf("HCL:\n%s\n%v\n%+v\n%+v", d.HCL(), diags, d, again)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var fromJSON config.Document
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&fromJSON); err != nil {
		t.Fatal(err)
	}
	if string(fromJSON.HCL()) != string(d.HCL()) {
		t.Errorf("by way of JSON:\n%s\nwant\n%s", fromJSON.HCL(), d.HCL())
	}
	for _, want := range []string{`"enabled":false`, `"weird key":{"password":{"set":true}}`, `"limit":"5/m burst 9"`, `"hosts":["kannel.example:13013"],"private":true`, `"plugin":"sms-kannel"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("JSON lacks %s: %s", want, text)
		}
	}
}

func TestADocumentFromOutsideSeesNothingOfTheMachine(t *testing.T) {
	t.Setenv("DOCUMENT_SECRET", "leaked")
	for text, want := range map[string]string{
		`provider "p" { secrets = { password = env("DOCUMENT_SECRET") } }`:                     "DOCUMENT_SECRET",
		`provider "p" { secrets = { password = file("/etc/passwd") } }`:                        "file",
		`gateway { listen = "0.0.0.0:1" }`:                                                     "gateway",
		`trust { unsigned = "allow" }`:                                                         "trust",
		`freeswitch "a" { address = "a:1", password = "x" }`:                                   "",
		"freeswitch \"a\" {\n address = \"a:1\"\n password = \"x\"\n}":                         "freeswitch",
		"module \"sms\" {\n sha256 = \"" + strings.Repeat("a", 64) + "\"\n}":                   "sha256",
		"module \"contact\" {\n grant {\n freeswitch {\n operations = [\"status\"]\n}\n}\n}\n": "freeswitch",
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

func FuzzDocument(f *testing.F) {
	f.Add(documentText)
	f.Add("provider \"a\" {\n settings = { a = null, b = [], c = {} }\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, diags := config.ParseDocument("fuzz", []byte(text))
		if diags.HasErrors() {
			return
		}
		if _, diags := config.ParseDocument("again", d.HCL()); diags.HasErrors() {
			t.Errorf("%s\nbecame\n%s\n%v", text, d.HCL(), diags)
		}
	})
}
