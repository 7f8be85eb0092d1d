package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the other side says becomes a reply that the host takes, or an error.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzSend(f, `{"url":"https://sms.example/?to={phone}&text={message}","accepted_when":[{"path":"result","in":["ok"]}],"message_id_path":"id"}`,
		`{"result":"ok","id":7}`, `{"result":"no"}`)
}
