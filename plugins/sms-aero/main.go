// Command sms-aero sends SMS through SMS Aero.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// system is the name that people read when something fails.
const system = "SMS Aero"

var (
	sender        string // settings, see plugin.json
	timeoutMS     int
	authorization [2]string // the header of email and api_key
)

func init() {
	var email, key string
	patchbay.Bind("email", &email)
	patchbay.Bind("api_key", &key)
	patchbay.Bind("sender", &sender)
	patchbay.Bind("timeout_ms", &timeoutMS)
	patchbay.OnConfigure(func(patchbay.Value) (err error) {
		o := new(patchbay.Object).Str("auth", template.AuthBasic).Str("login", email).Str("password", key)
		authorization, err = template.Authorization(o.Value())
		return err
	})
	sms.Serve(sms.Provider{Send: send, Status: status, Balance: balance, Receipt: receipt})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		_, err := balance(t)
		return patchbay.Reply{}, err
	})
}

func main() {}
