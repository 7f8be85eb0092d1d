// Command report is the module that answers with reports: the gateway's own about
// SMS, requests and users, and those of external systems.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.HandleAction("sms", journal("sms"))
	patchbay.HandleAction("request", journal("request"))
	patchbay.HandleAction("badRequest", journal("badRequest"))
	patchbay.HandleAction("users", users)
	patchbay.HandleAction("source", source)
}

func main() {}
