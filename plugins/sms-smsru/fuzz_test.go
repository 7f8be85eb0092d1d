package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"api_id":"K-1"}`,
		`{"status":"OK","status_code":100,"sms":{"79190000000":{"status":"OK","status_code":100,"sms_id":"000000-10000000"}},"balance":4122.56}`, `{"status":"ERROR","status_code":201}`, `{"status":"OK","sms":[]}`)
}
