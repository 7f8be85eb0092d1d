// Command sms is the module that sends SMS through the configured aggregators.
package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.OnConfigure(configure)
	patchbay.HandleAction("send", send)
}

func main() {}
