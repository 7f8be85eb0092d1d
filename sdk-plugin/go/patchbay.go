// Package patchbay is the Go SDK for Patchbay plugins.
//
// A plugin registers its handlers in init and is built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -buildvcs=false
//
// Handlers are straight-line code: a host call such as [Task.Fetch] looks
// blocking, but it suspends only this task. One guest serves thousands of tasks
// at a time, so handlers must not keep state of a request in globals. Nothing
// runs in parallel inside a guest: between two host calls a handler has the
// guest for itself and needs no locks.
package patchbay

import (
	"errors"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Value is an undecoded MessagePack value; see [abi.Value].
type Value = abi.Value

// Kinds of values that plugins tell apart; see [abi.Kind].
const (
	Array  = abi.Array
	Map    = abi.Map
	String = abi.String
)

// Object builds a map value, keys in order.
type Object = abi.Object

// List builds an array value.
type List = abi.List

// Error is a failed task or host call; see [abi.Error].
type Error = abi.Error

// Attachment is a result that stays with the host; see [abi.Attachment].
type Attachment = abi.Attachment

// Reply is what a handler answers; see [abi.Reply].
type Reply = abi.Reply

// Handler serves one request. A returned error that is not an [*Error] becomes
// an internal error: the caller sees an id, the log sees the text.
type Handler func(t *Task) (Reply, error)

// registry holds what init functions registered; it does not change afterwards.
var registry = struct {
	actions    map[string]Handler
	operations map[string]map[string]Handler // by extension point
	bound      []func(settings Value) error
	configure  func(settings Value) error
	health     Handler
}{actions: map[string]Handler{}, operations: map[string]map[string]Handler{}}

// HandleAction registers the handler of an action of the manifest. For an action
// that exists once per provider instance, name is the action's own name and
// [Task.Instance] tells which instance was asked for.
func HandleAction(name string, h Handler) { registry.actions[name] = h }

// HandleOperation registers the handler of an operation of an extension point
// that the manifest extends: HandleOperation("sms.provider", "send", send).
func HandleOperation(point, operation string, h Handler) {
	if registry.operations[point] == nil {
		registry.operations[point] = map[string]Handler{}
	}
	registry.operations[point][operation] = h
}

// OnConfigure registers the function that reads the settings. It runs once,
// before the first task of a guest; a setting that changes later comes with a new
// guest. Its error is shown to the operator as the reason why the instance does
// not start, so name the setting and what is wrong with it.
func OnConfigure(f func(settings Value) error) { registry.configure = f }

// OnHealth registers the health check.
func OnHealth(h Handler) { registry.health = h }

// JSON answers with a value written as JSON.
func JSON(v Value) Reply { return Reply{Form: abi.FormValue, Body: v} }

// Rows answers with an array of maps that the host writes as JSON, CSV or XLSX.
func Rows(rows Value, format string) Reply {
	return Reply{Form: abi.FormRows, Body: rows, Format: format}
}

// Attach answers with something that the host holds, without moving it through
// the guest.
func Attach(a Attachment) Reply {
	return Reply{Form: abi.FormAttachment, Attachment: a.ID, ContentType: a.ContentType, Next: a.Next}
}

// Invalid says that a parameter is not acceptable: 422 "Invalid <parameter>!".
func Invalid(parameter, detail string) *Error {
	return &Error{Code: abi.CodeInvalid, Message: parameter, Source: abi.SourceCaller, Detail: detail}
}

// NotFound answers 404 with a text of the manifest.
func NotFound(text string) *Error {
	return &Error{Code: abi.CodeNotFound, Message: text, Source: abi.SourceCaller}
}

// Unavailable says that a system did not do its work: 502 "<system> is
// unavailable!" and an error id. A cause that is an [*Error] keeps its code, so
// that a time-out stays one, and whether something was sent.
func Unavailable(system string, cause error) *Error {
	e := &Error{Code: abi.CodeUnavailable, Message: system, Source: abi.SourceUpstream}
	if cause == nil {
		return e
	}
	e.Detail = cause.Error()
	if inner, ok := errors.AsType[*Error](cause); ok {
		e.Sent, e.RetryMS = inner.Sent, inner.RetryMS
		switch inner.Code {
		case abi.CodeTimeout, abi.CodeBusy:
			e.Code = inner.Code
		case abi.CodeInternal, abi.CodeDenied:
			e.Source = inner.Source
		}
	}
	return e
}

// Refused says that a system answered and said no: 502 with the given text.
func Refused(text, detail string) *Error {
	return &Error{Code: abi.CodeRefused, Message: text, Source: abi.SourceUpstream, Detail: detail}
}

// Busy says that a system takes nothing more now and did not take this: 429 with
// the time after which to try again.
func Busy(system string, retryMS int) *Error {
	return &Error{Code: abi.CodeBusy, Message: system, Source: abi.SourceUpstream, RetryMS: retryMS}
}

// Uncertain says that a system answered something from which nobody can tell
// whether it did its work, as a gateway in front of it does with a 502: nothing
// is tried again, here or at another provider.
func Uncertain(system, detail string) *Error {
	return &Error{Code: abi.CodeUnavailable, Message: system, Source: abi.SourceUpstream, Detail: detail, Sent: true}
}

// asError turns any error of a handler into the one that crosses the border.
func asError(err error) *Error {
	// errors.As would bring reflection: 50 KB in every guest.
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: err.Error()}
}
