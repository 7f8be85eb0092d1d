package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// work is one call that is measured.
type work struct {
	name string // in the result
	call abi.Request
	// operations is how many http_fetch the call makes.
	operations int
	right      func(abi.Value) bool
}

// The upstream of every call: what an aggregator answers, at once and in memory.
var upstream = abi.HTTPResponse{
	Status: 200, Header: new(abi.Object).Str("content-type", "application/json").Value(), Data: new(abi.Object).Str("id", "m-1").Value(),
}

const address = "http://upstream.test/send"

// message is one SMS as the module hands it to a provider.
var message = new(abi.Object).Str("phone", "+79190000000").Str("message", "Проверка работы ПО API ЦОВ").Str("originator", "").
	Str("reference", "1700000000001").Str("encoding", "ucs2").Int("segments", 1).Str("receipt_url", "").Value()

// conformanceWork is an echo, and the same kind of call with one host operation.
func conformanceWork() []work {
	return []work{
		{
			name: "echo", call: abi.Request{Kind: abi.Operation, Point: "conformance.kit", Name: "echo", Params: message},
			right: func(v abi.Value) bool { return bytes.Equal(v, message) },
		},
		{
			name: "fetch", operations: 1,
			call: abi.Request{
				Kind: abi.Operation, Point: "conformance.kit", Name: "fetch",
				Params: new(abi.Object).Str("method", "POST").Str("url", address).Str("body", "text").Str("parse", "json").Value(),
			},
			right: func(v abi.Value) bool { return v.Path("data.id").String() == "m-1" },
		},
	}
}

// providerWork is one SMS through a provider that asks its aggregator.
func providerWork() []work {
	return []work{{
		name: "send", operations: 1, call: abi.Request{Kind: abi.Operation, Point: "sms.provider", Name: "send", Params: message},
		right: func(v abi.Value) bool { return v.Get("message_id").String() == "m-1" },
	}}
}

// settings fit both plugins: the conformance guest takes any.
var settings = new(abi.Object).Str("url", address).Str("token", "bench").Value()

// fetches answers http_fetch and counts.
type fetches struct {
	answer []byte
	n      int
}

func newFetches() *fetches {
	return &fetches{answer: abi.AppendAnswer(nil, nil, upstream.Append(nil))}
}

func (f *fetches) operation() wasm.Operation {
	return wasm.Operation{Effect: true, Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte {
		f.n++
		return append(dst, f.answer...)
	}}
}

// once makes one call and checks what comes of it; it returns the metered units.
func (w *work) once(ctx context.Context, pool *wasm.Pool, f *fetches) (units int64, err error) {
	before := f.n
	r, err := pool.Do(ctx, &w.call, 0)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", w.name, err)
	}
	defer r.Release()
	switch {
	case !w.right(r.Reply.Body):
		return 0, fmt.Errorf("%s: the plugin replies %s, which is not what this measures", w.name, text(r.Reply.Body))
	case f.n-before != w.operations:
		return 0, fmt.Errorf("%s: %d host operations, want %d", w.name, f.n-before, w.operations)
	}
	return r.Fuel, nil
}

func text(v abi.Value) string {
	if s := v.String(); s != "" {
		return fmt.Sprintf("%.200q", s)
	}
	return fmt.Sprintf("%.200x", []byte(v))
}
