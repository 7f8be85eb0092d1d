// Package providercall is the host side of capability provider: a module reaches
// the configured instances of the extension points that it declares, by name.
package providercall

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Provider is one instance that serves an extension point.
type Provider struct {
	Name   string
	Plugin string
	Ready  bool
	// Operations are those that it implements at the point.
	Operations []string
	// ReceiptURL is the address of its webhook, "" when it has none.
	ReceiptURL string
	Do         func(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error)
}

// Directory finds providers on the table in force.
type Directory interface {
	// Extending returns the providers of a point that are on, in the order of the
	// configuration.
	Extending(point string) []Provider
}

// maxDepth bounds chains of plugins that call each other.
const maxDepth = 4

// Operations returns the capability's operations for a module that declares the
// given extension points; it reaches no other.
func Operations(d Directory, points []string) map[string]wasm.Operation {
	h := host{d, points}
	return map[string]wasm.Operation{
		abi.OpProviderList: {Run: h.list},
		abi.OpProviderCall: {Run: h.call, Effect: true},
	}
}

type host struct {
	directory Directory
	points    []string
}

func (h host) list(_ context.Context, _ *wasm.Call, request, dst []byte) []byte {
	args, err := hostcall.Strings(request, 1)
	if err != nil {
		return hostcall.Malformed(dst, abi.OpProviderList, err)
	}
	if !slices.Contains(h.points, args[0]) {
		return hostcall.Fail(dst, foreign(args[0]))
	}
	var list abi.List
	for _, p := range h.directory.Extending(args[0]) {
		entry := abi.AppendArray(nil, 5)
		entry = abi.AppendString(entry, p.Name)
		entry = abi.AppendString(entry, p.Plugin)
		entry = abi.AppendStrings(abi.AppendBool(entry, p.Ready), p.Operations...)
		list.Add(abi.AppendString(entry, p.ReceiptURL))
	}
	return hostcall.OK(dst, list.Value())
}

func foreign(point string) abi.Error {
	return abi.Error{Code: abi.CodeDenied, Source: abi.SourcePlugin, Detail: fmt.Sprintf("extension point %q is not declared in the plugin's manifest", point)}
}

func (h host) call(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
	var q abi.ProviderCall
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpProviderCall, err)
	}
	if !slices.Contains(h.points, q.Point) {
		return hostcall.Fail(dst, foreign(q.Point))
	}
	if c.Depth >= maxDepth {
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeDenied, Source: abi.SourcePlugin, Detail: "too many plugins call each other"})
	}
	providers := h.directory.Extending(q.Point) // once: the table may be swapped meanwhile
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.Name == q.Instance })
	if i < 0 {
		return hostcall.Fail(dst, abi.Error{
			Code: abi.CodeUnavailable, Message: q.Instance, Detail: fmt.Sprintf("no instance %q of %s is configured and on", q.Instance, q.Point),
		})
	}
	p := providers[i]
	if !slices.Contains(p.Operations, q.Operation) {
		return hostcall.Fail(dst, abi.Error{
			Code: abi.CodeDenied, Message: q.Instance, Detail: fmt.Sprintf("%s does not implement %s of %s", p.Plugin, q.Operation, q.Point),
		})
	}
	inner := abi.Request{
		Kind: abi.Operation, Point: q.Point, Name: q.Operation, Params: q.Params, Instance: q.Instance,
		RequestID: c.RequestID, User: c.User,
	}
	result, err := p.Do(ctx, &inner, c.Depth+1)
	if err != nil {
		return hostcall.Fail(dst, failure(q.Instance, err))
	}
	defer result.Release()
	if result.Reply.Form != abi.FormValue && result.Reply.Form != abi.FormRows {
		if result.Attachment != nil {
			_ = result.Attachment.Close() // nobody will read it
		}
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeInternal, Message: q.Instance, Detail: "an operation must answer with a value", Sent: true})
	}
	for _, w := range result.Warnings {
		c.Warn(w) // what the provider's list lacks, the module's lacks too
	}
	return hostcall.OK(dst, result.Reply.Body)
}

// failure turns what happened inside the provider into the caller's answer.
func failure(instance string, err error) abi.Error {
	var own *abi.Error
	if errors.As(err, &own) {
		e := *own
		e.Detail = instance + ": " + e.Detail
		return e
	}
	var dead *wasm.DeadError
	if errors.As(err, &dead) {
		return abi.Error{Code: abi.CodeUnavailable, Message: instance, Source: abi.SourcePlugin, Detail: instance + ": " + err.Error(), Sent: dead.Sent}
	}
	var notReady *wasm.NotReadyError
	if errors.As(err, &notReady) {
		return abi.Error{
			Code: abi.CodeUnavailable, Message: instance, Detail: instance + ": " + err.Error(), RetryMS: int(notReady.After.Milliseconds()),
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return abi.Error{Code: abi.CodeTimeout, Message: instance, Detail: instance + ": " + err.Error()}
	}
	return abi.Error{Code: abi.CodeInternal, Message: instance, Detail: instance + ": " + err.Error(), Sent: true}
}
