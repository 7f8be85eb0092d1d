// Command onlinestat-http is a source of online statistics: a server that answers
// over HTTP.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation("onlinestat.source", "get", get)
	patchbay.HandleOperation("onlinestat.source", "all", all)
}

func main() {}
