// Command bench is the plugin that the benchmark measures: an action that does
// nothing, one that computes, and one that also asks an upstream. Its twin in Go, which does the
// same without WebAssembly, is core/bench/twin.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

func init() {
	patchbay.OnConfigure(configure)
	patchbay.HandleAction("echo", echo)
	patchbay.HandleAction("check", check)
	patchbay.HandleAction("forward", forward)
}

func main() {}

// echo answers with its parameters: what it costs is the border alone.
func echo(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil }
