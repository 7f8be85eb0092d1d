package sms_test

import (
	"errors"
	"strings"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// TestForeign: only a client error is known to have sent nothing.
func TestForeign(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		code   abi.Code
		sent   bool
		detail string
	}{
		{403, " <h1>go away</h1>\n", abi.CodeUnavailable, false, "HTTP 403 <h1>go away</h1>"},
		{429, "", abi.CodeBusy, false, ""},
		{408, "slow", abi.CodeUnavailable, true, "HTTP 408 slow"},
		{200, "\xff{", abi.CodeUnavailable, true, "HTTP 200 {"},
		{302, "", abi.CodeUnavailable, true, "HTTP 302 "},
		{502, strings.Repeat("x", 1000), abi.CodeUnavailable, true, "HTTP 502 " + strings.Repeat("x", 100)},
		{500, strings.Repeat("x", 99) + "я", abi.CodeUnavailable, true, "HTTP 500 " + strings.Repeat("x", 99)},
	} {
		var e *abi.Error
		if err := sms.Foreign("Demo", patchbay.Response{Status: c.status, Body: []byte(c.body)}); !errors.As(err, &e) ||
			e.Code != c.code || e.Sent != c.sent || e.Detail != c.detail {
			t.Errorf("%d %q: %+v", c.status, c.body, e)
		}
	}
}
