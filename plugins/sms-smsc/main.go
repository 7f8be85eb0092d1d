// Command sms-smsc sends SMS through SMSC.ru.
package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// system is the name that people read when something fails.
const system = "SMSC.ru"

var (
	login, password, apiKey, sender string // settings, see plugin.json
	timeoutMS                       int
)

func init() {
	patchbay.Bind("login", &login)
	patchbay.Bind("password", &password)
	patchbay.Bind("api_key", &apiKey)
	patchbay.Bind("sender", &sender)
	patchbay.Bind("timeout_ms", &timeoutMS)
	patchbay.OnConfigure(func(patchbay.Value) error {
		if apiKey == "" && (login == "" || password == "") {
			return errors.New("api_key: enter the key, or login and password")
		}
		return nil
	})
	sms.Serve(sms.Provider{Send: send, Status: status, Balance: balance, Receipt: receipt})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		_, err := balance(t)
		return patchbay.Reply{}, err
	})
}

func main() {}
