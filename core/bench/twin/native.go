package main

import (
	"context"
	"fmt"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// native does what examples/bench/plugin does, without a guest. The benchmark
// compares the answers of both before it measures anything.
type native struct {
	url    string
	client *httpcall.Client
}

var _ registry.Runner = (*native)(nil)

// Do runs one action.
func (n *native) Do(ctx context.Context, q *abi.Request, _ int) (*wasm.Result, error) {
	if q.Name == "echo" {
		return &wasm.Result{Reply: abi.Reply{Body: q.Params}}, nil
	}
	o, err := describe(q)
	if err != nil {
		return nil, err
	}
	switch q.Name {
	case "check":
	case "forward":
		answer, err := n.post(ctx, q)
		if err != nil {
			return nil, err
		}
		o.Str("answer", answer)
	default:
		return nil, fmt.Errorf("twin: no action %q", q.Name)
	}
	return &wasm.Result{Reply: abi.Reply{Body: o.Value()}}, nil
}

func describe(q *abi.Request) (*abi.Object, error) {
	phone := q.Derived.Get("phone")
	switch kind := phone.Get("type").String(); kind {
	case "mobile", "fixed_line_or_mobile":
	default:
		return nil, &abi.Error{Code: abi.CodeInvalid, Message: "phone", Source: abi.SourceCaller, Detail: "a number of type " + kind + " takes no SMS"}
	}
	encoding, count := segments(q.Params.Get("message").String())
	return new(abi.Object).Str("phone", phone.Get("e164").String()).Str("region", phone.Get("region").String()).
		Str("type", phone.Get("type").String()).Str("encoding", encoding).Int("segments", int64(count)), nil
}

// post asks the upstream through the capability that plugins use, so that both
// sides of the comparison obey the same grant and limits.
func (n *native) post(ctx context.Context, q *abi.Request) (string, error) {
	header := new(abi.Object).Str("content-type", "text/plain; charset=utf-8").Str("x-phone", q.Derived.Get("phone").Get("e164").String())
	request := abi.HTTPRequest{Method: "POST", URL: n.url, Header: header.Value(), Body: q.Params.Get("message").Bytes()}
	body, failure, err := abi.DecodeAnswer(n.client.Fetch(ctx, request.Append(nil), nil))
	if err != nil {
		return "", fmt.Errorf("twin: answer of the upstream: %w", err)
	}
	if failure != nil {
		failure.Message = "Upstream"
		return "", failure
	}
	var answer abi.HTTPResponse
	if err := answer.Decode(body); err != nil {
		return "", fmt.Errorf("twin: answer of the upstream: %w", err)
	}
	if answer.Status != 200 {
		return "", &abi.Error{Code: abi.CodeRefused, Message: "Upstream refused!", Source: abi.SourceUpstream}
	}
	return string(answer.Body), nil
}

// segments is the function of the same name in examples/bench/plugin.
func segments(text string) (encoding string, n int) {
	encoding = "gsm7"
	units := 0
	for _, r := range text {
		units++
		if r > 0x7f {
			encoding = "ucs2"
		}
		if r > 0xffff {
			units++
		}
	}
	single, part := 160, 153
	if encoding == "ucs2" {
		single, part = 70, 67
	}
	if units <= single {
		return encoding, 1
	}
	return encoding, (units + part - 1) / part
}
