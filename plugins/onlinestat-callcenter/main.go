// Command onlinestat-callcenter is a source of online statistics: the operators
// of mod_callcenter, seen through FreeSWITCH itself.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation("onlinestat.source", "get", get)
	patchbay.HandleOperation("onlinestat.source", "all", all)
}

func main() {}
