// Command report-http is a source of reports: an external system that answers
// over HTTP, with or without a login.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.OnHealth(health)
	patchbay.HandleOperation("report.source", "rows", rows)
}

func main() {}
