package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"api_key":"KEY","sender":"79300000000"}`,
		`{"message_id":"439166538239448888"}`, `{"error":{"code":"7","message":"forbidden"}}`)
}
