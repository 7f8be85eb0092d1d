// Command sms-kannel is an SMS provider: the smsbox of a Kannel SMS gateway.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation(sms.Point, "send", send)
	sms.Serve(sms.Provider{Receipt: receipt})
}

func main() {}
