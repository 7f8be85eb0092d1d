package hostcall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestAnswers: every form is an answer behind what was in dst, with one of body
// and failure.
func TestAnswers(t *testing.T) {
	rows := []struct {
		name   string
		answer []byte
		code   abi.Code
		source abi.Source
		detail string
		body   string
	}{
		{"body", hostcall.OK([]byte("dst"), abi.StringValue("x")), "", "", "", "x"},
		{"no body", hostcall.OK([]byte("dst"), nil), "", "", "", ""},
		{"the host's fault by default", hostcall.Fail([]byte("dst"), abi.Error{Code: abi.CodeDenied, Detail: "d"}), abi.CodeDenied, abi.SourceHost, "d", ""},
		{"another's fault", hostcall.Fail([]byte("dst"), abi.Error{Code: abi.CodeInvalid, Source: abi.SourceCaller}), abi.CodeInvalid, abi.SourceCaller, "", ""},
		{"malformed", hostcall.Malformed([]byte("dst"), "kv_get", errors.New("why")), abi.CodeInternal, abi.SourcePlugin, "kv_get: malformed request: why", ""},
		{"internal", hostcall.Internal([]byte("dst"), "kv_get", errors.New("why")), abi.CodeInternal, abi.SourceHost, "kv_get: why", ""},
		{"out of time", hostcall.Internal([]byte("dst"), "kv_get", fmt.Errorf("x: %w", context.DeadlineExceeded)), abi.CodeTimeout, abi.SourceHost, "kv_get: x: context deadline exceeded", ""},
		{"called off", hostcall.Internal([]byte("dst"), "kv_get", context.Canceled), abi.CodeTimeout, abi.SourceHost, "kv_get: context canceled", ""},
	}
	for _, row := range rows {
		body, failure, err := abi.DecodeAnswer(row.answer[3:])
		if err != nil || string(row.answer[:3]) != "dst" {
			t.Fatalf("%s: %v", row.name, err)
		}
		if row.code == "" {
			if failure != nil || body.String() != row.body {
				t.Errorf("%s: %v %v", row.name, body, failure)
			}
			continue
		}
		if failure == nil || failure.Code != row.code || failure.Source != row.source || failure.Detail != row.detail || len(body) > 0 {
			t.Errorf("%s: %v %+v", row.name, body, failure)
		}
	}
}

func FuzzStrings(f *testing.F) {
	f.Add(abi.AppendStrings(nil, "a", "я"), 2)
	f.Add([]byte{0xc1}, 1)
	f.Add([]byte(nil), 0)
	f.Fuzz(func(t *testing.T, request []byte, n int) {
		n &= 15
		got, err := hostcall.Strings(request, n)
		if len(got) != n {
			t.Fatalf("%d strings, want %d", len(got), n)
		}
		if err != nil {
			return
		}
		if again, err := hostcall.Strings(abi.AppendStrings(nil, got...), n); err != nil || !slices.Equal(again, got) {
			t.Errorf("%q, then %q, %v", got, again, err)
		}
	})
}
