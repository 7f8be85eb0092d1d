// Command contact is the module that talks to the telephone platform: calls,
// recordings, call detail records, queues and tiers.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.HandleAction("add", add)
	patchbay.HandleAction("audio", audio)
	patchbay.HandleAction("cdr", cdr)
	patchbay.HandleAction("queues", queues)
	patchbay.HandleAction("tiers", tiers)
	patchbay.HandleAction("tier", tier)
}

func main() {}
