// Package hostcall holds what the host sides of all capabilities share: the form
// of their answers. Each capability is a package below; it declares the small
// interface that it needs and knows nothing of the others.
package hostcall

import (
	"context"
	"errors"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// OK appends an answer with a body, which may be missing.
func OK(dst []byte, body abi.Value) []byte { return abi.AppendAnswer(dst, nil, body) }

// Fail appends a failed answer.
func Fail(dst []byte, e abi.Error) []byte {
	if e.Source == "" {
		e.Source = abi.SourceHost
	}
	return abi.AppendAnswer(dst, &e, nil)
}

// Malformed answers a request that does not decode: a fault of the plugin.
func Malformed(dst []byte, operation string, err error) []byte {
	return Fail(dst, abi.Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: operation + ": malformed request: " + err.Error()})
}

// Internal answers a fault of the host, or the end of the task's time.
func Internal(dst []byte, operation string, err error) []byte {
	code := abi.CodeInternal
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		code = abi.CodeTimeout
	}
	return Fail(dst, abi.Error{Code: code, Detail: operation + ": " + err.Error()})
}

// Strings decodes a request that is an array of n strings.
func Strings(request []byte, n int) ([]string, error) {
	r := abi.NewReader(request)
	out := make([]string, n)
	for i := range out {
		out[i] = r.Str()
	}
	return out, r.Close()
}
