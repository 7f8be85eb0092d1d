// Command onlinestat is the module that answers how many operators of a project
// are logged in, ready, not ready and talking.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.HandleAction("get", get)
	patchbay.HandleAction("all", all)
}

func main() {}
