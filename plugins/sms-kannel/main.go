// Command sms-kannel is an SMS provider: the smsbox of a Kannel SMS gateway.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation("sms.provider", "send", send)
}

func main() {}
