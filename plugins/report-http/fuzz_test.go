package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// FuzzAnswer: whatever the other side says becomes a reply that the host takes, or an error.
func FuzzAnswer(f *testing.F) {
	plugintest.FuzzOperation(f, `{"url":"https://crm.example/r","rows_path":"rows","columns":[{"from":"a","to":"A"},{"from":"n.x","to":"N"}]}`, "report.source", "rows",
		`{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":0,"cursor":"","tz":""}`,
		`{"rows":[{"a":null,"n":{"x":1.5}}]}`, `{"rows":[]}`, `{"rows":[1]}`, `[{"a":1e400}]`)
}
