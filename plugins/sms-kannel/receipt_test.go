package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// TestReceiptURL: Kannel gets the webhook with our reference and its own escapes.
func TestReceiptURL(t *testing.T) {
	for name, c := range map[string]struct{ settings, hook, want, reply string }{
		"webhook": {
			basic, "https://gw.example/base%20path/hooks/kannel/s3cret",
			"https://gw.example/base%%20path/hooks/kannel/s3cret?reference=17&state=%d&smsc=%i&answer=%A", `{"message_id":"17"}`,
		},
		"no webhook": {basic, "", "", `{"message_id":"17"}`},
		"the operator's own address goes first": {
			strings.Replace(basic, "}", `,"dlr_url":"https://crm.example/dlr?id={reference}&s=%d"}`, 1), "https://gw.example/hooks/kannel/s3cret",
			"https://crm.example/dlr?id=17&s=%d", `{"message_id":"17","receipts":false}`,
		},
	} {
		h := plugintest.New(t).Settings(c.settings).HTTP(answers(202, "0: Accepted for delivery"))
		var p abi.Object
		p.Str("phone", "+79190000000").Str("message", "Hi").Str("reference", "17").Str("receipt_url", c.hook)
		got := h.Operation(point, "send", plugintest.JSON(p.Value()))
		q := query(t, h)
		if q.Get("dlr-url") != c.want || q.Has("dlr-mask") != (c.want != "") || c.want != "" && q.Get("dlr-mask") != "27" {
			t.Errorf("%s: dlr-url %q, dlr-mask %q", name, q.Get("dlr-url"), q.Get("dlr-mask"))
		}
		if got.JSON() != c.reply {
			t.Errorf("%s: got %s", name, got.JSON())
		}
	}
}

// TestReceipt reads what Kannel 1.4.5 sends. "ACK/" and the texts with stat: were
// recorded there, with its fakesmsc and by SMPP 3.4, appendix B.
func TestReceipt(t *testing.T) {
	for name, c := range map[string]struct{ query, status, detail string }{
		"submitted":   {`{"reference":"17","state":"8","smsc":"FAKE","answer":"ACK/"}`, "sent", "ACK/"},
		"buffered":    {`{"reference":"17","state":"4","answer":""}`, "sent", ""},
		"delivered":   {`{"reference":"17","state":"1","answer":"id:1 stat:DELIVRD err:000"}`, "delivered", "id:1 stat:DELIVRD err:000"},
		"undelivered": {`{"reference":"17","state":"2","answer":"id:1 stat:UNDELIV err:001"}`, "undelivered", "id:1 stat:UNDELIV err:001"},
		"expired":     {`{"reference":"17","state":"2","answer":"id:1 stat:EXPIRED err:000"}`, "expired", "id:1 stat:EXPIRED err:000"},
		"refused":     {`{"reference":"17","state":"2","answer":"id:1 stat:REJECTD err:000"}`, "rejected", "id:1 stat:REJECTD err:000"},
		"rejected":    {`{"reference":"17","state":"16","answer":"NACK/"}`, "rejected", "NACK/"},
		"its text":    {`{"reference":"17","state":"1","answer":"id:1 stat:DELIVRD err:000 Text:Your code is 12"}`, "delivered", "id:1 stat:DELIVRD err:000"},
		"long":        {`{"reference":"17","state":"1","answer":"` + strings.Repeat("я", 150) + `"}`, "delivered", strings.Repeat("я", 100)},
	} {
		got := plugintest.New(t).Settings(basic).Operation(point, "receipt", `{"method":"GET","query":`+c.query+`,"header":{},"content_type":"","body":""}`)
		want := `{"receipts":[{"message_id":"","reference":"17","status":"` + c.status + `","detail":"` + c.detail + `","at":""}],` +
			`"answer":{"status":200,"content_type":"","body":""}}`
		if got.Err != nil || got.JSON() != want {
			t.Errorf("%s: %s %v\nwant %s", name, got.JSON(), got.Err, want)
		}
	}
	for name, query := range map[string]string{
		"nothing": `{}`, "no state": `{"reference":"17"}`, "no reference": `{"state":"1"}`, "another state": `{"reference":"17","state":"3"}`,
		"Kannel's escape as it is": `{"reference":"17","state":"%d"}`, "twice": `{"reference":"17","state":["1","2"]}`,
	} {
		got := plugintest.New(t).Settings(basic).Operation(point, "receipt", `{"method":"GET","query":`+query+`}`)
		if got.Err == nil || got.Err.Code != abi.CodeInvalid {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}

// FuzzReceipt: whatever comes to the webhook, it is refused or names one message.
func FuzzReceipt(f *testing.F) {
	f.Add("17", "8", "ACK/")
	f.Add("", "1", "stat:")
	f.Fuzz(func(t *testing.T, reference, state, answer string) {
		var q, p abi.Object
		p.Str("method", "GET").Set("query", q.Str("reference", reference).Str("state", state).Str("answer", answer).Value())
		text := plugintest.JSON(p.Value())
		got := plugintest.New(t).Settings(basic).Operation(point, "receipt", text)
		if got.Err != nil {
			return
		}
		r := got.Body().Get("receipts")
		if r.Len() != 1 || r.Index(0).Get("reference").String() == "" || len(r.Index(0).Get("detail").String()) > 200 {
			t.Errorf("%s became %s", url.QueryEscape(text), got.JSON())
		}
	})
}
