// Command sms is the module that sends SMS through the configured aggregators and
// follows what becomes of them.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.HandleAction("send", send)
	patchbay.HandleAction("status", status)
	patchbay.HandleAction("balance", balance)
	// What the gateway itself asks of the module that declares the point.
	patchbay.HandleOperation(point, "receipts", receipts)
	patchbay.HandleOperation(point, "poll", poll)
}

func main() {}
