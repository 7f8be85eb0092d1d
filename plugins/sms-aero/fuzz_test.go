package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the aggregator says, nothing is taken for what it is not.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"email":"sms@example.ru","api_key":"KEY","sender":"SMS Aero"}`,
		`{"success":true,"data":{"id":1,"from":"SMS Aero","status":0},"message":null}`, `{"success":false,"data":null,"message":"Not enough money"}`)
}
