// Command bench is the plugin that the benchmark measures. Three actions have a
// twin in Go, core/bench/twin, which does the same without WebAssembly: one that
// does nothing, one that computes, and one that also asks an upstream. Two more do
// the work that the peers of ../peers do.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

func init() {
	patchbay.OnConfigure(configure)
	patchbay.HandleAction("echo", echo)
	patchbay.HandleAction("check", check)
	patchbay.HandleAction("forward", forward)
	patchbay.HandleAction("estimate", estimate)
	patchbay.HandleAction("submit", submit)
}

func main() {}

// echo answers with its parameters: what it costs is the border alone.
func echo(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil }
