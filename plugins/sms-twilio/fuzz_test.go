package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"account_sid":"AC0123456789abcdef0123456789abcdef","auth_token":"token","sender":"+12025550100"}`,
		`{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued"}`, `{"code":21211,"message":"Invalid To","status":400}`)
}
