package plugintest

import (
	"encoding/json"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// FuzzSend is the whole fuzz target of an SMS provider: the aggregator answers whatever it
// likes to "send". An answer with status 2xx that is not JSON must never look as if nothing was
// sent, because the SMS would go out once more through another provider. Seeds are bodies of
// real answers.
//
//	func FuzzAnswer(f *testing.F) { plugintest.FuzzSend(f, `{"api_key":"k"}`, `{"id":"1"}`) }
func FuzzSend(f *testing.F, settings string, seeds ...string) {
	f.Helper()
	const params = `{"phone":"+79190000000","message":"Hi","originator":"","reference":"17","encoding":"gsm7","segments":1,"receipt_url":""}`
	fuzzAnswer(f, seeds, func(t *testing.T, answer abi.HTTPResponse) {
		r := New(t).Settings(settings).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) { return answer, nil }).
			Operation("sms.provider", "send", params)
		if r.Err != nil && answer.Status/100 == 2 && !json.Valid(answer.Body) && !r.Err.Sent && r.Err.Code != abi.CodeRefused {
			t.Errorf("plugintest: HTTP %d %.200q was taken as not sent: %v", answer.Status, answer.Body, r.Err)
		}
	})
}

// FuzzOperation feeds one operation of a provider of any kind whatever its upstream may say;
// the host checks the reply.
func FuzzOperation(f *testing.F, settings, point, operation, params string, seeds ...string) {
	f.Helper()
	fuzzAnswer(f, seeds, func(t *testing.T, answer abi.HTTPResponse) {
		New(t).Settings(settings).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) { return answer, nil }).
			Operation(point, operation, params)
	})
}

func fuzzAnswer(f *testing.F, seeds []string, try func(*testing.T, abi.HTTPResponse)) {
	types := []string{"application/json", "text/plain", "text/html; charset=utf-8", "application/xml", ""}
	for i, seed := range append(seeds, "", "{}", "null", "<html>", `{"id":{}}`, `[[]]`) {
		// 200, 202, 404, 503
		for _, status := range []uint16{100, 102, 304, 403} {
			f.Add(status, uint8(i), []byte(seed))
			f.Add(status, uint8(0), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, status uint16, kind uint8, body []byte) {
		try(t, Answer(100+int(status)%500, types[int(kind)%len(types)], string(body)))
	})
}
