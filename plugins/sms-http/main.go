// Command sms-http is an SMS provider for any aggregator with an HTTP interface.
// It knows none of them: what to send and what an answer means are settings.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation(sms.Point, "send", send)
	patchbay.HandleOperation(sms.Point, "balance", balance)
	sms.Serve(sms.Provider{Status: status, Receipt: receipt})
}

func main() {}
