// Command sms-smsru sends SMS through SMS.ru.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// system is the name that people read when something fails.
const system = "SMS.ru"

var (
	apiID, sender string // settings, see plugin.json
	timeoutMS     int
)

func init() {
	patchbay.Bind("api_id", &apiID)
	patchbay.Bind("sender", &sender)
	patchbay.Bind("timeout_ms", &timeoutMS)
	sms.Serve(sms.Provider{Send: send, Status: status, Balance: balance, Receipt: receipt})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		_, err := balance(t)
		return patchbay.Reply{}, err
	})
}

func main() {}
