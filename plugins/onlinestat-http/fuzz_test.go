package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the other side says becomes a reply that the host takes, or an error.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzOperation(f, `{"url_get":"https://stat.example/get?project={project_id}","url_all":"https://stat.example/all"}`, "onlinestat.source", "get", `{"project_id":"1111"}`,
		`{"cntLoggedIn":57,"cntReady":6,"cntNotReady":49,"cntTalking":2}`, `{"cntLoggedIn":-1}`, `{"cntReady":"6"}`)
}
