package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"url":"http://kannel.example:13013","username":"u","password":"p"}`,
		`0: Accepted for delivery`, `3: Queued for later delivery`)
}
