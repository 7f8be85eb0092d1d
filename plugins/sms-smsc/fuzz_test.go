package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"login":"u","password":"p"}`,
		`{"id":1234,"cnt":1}`, `{"error":"duplicate request, wait a minute","error_code":9}`, `{"error_code":"7"}`)
}
