package trace

import (
	"errors"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// add takes an event; the request's shard is locked. The event's bytes are borrowed.
func (b *building) add(e wasm.Event, now time.Time) {
	if e.Moment == wasm.Ended {
		b.end(e)
		return
	}
	if len(b.steps) >= MaxSteps {
		b.omitted++
		return
	}
	s := Step{Instance: e.Instance, At: milliseconds(max(now.Sub(b.began)-e.Took, 0)), Took: milliseconds(e.Took)}
	if e.Moment == wasm.Began {
		s.Kind, s.Took = KindTask, -1 // not ended
		s.Name = taskName(e.Message)
		if b.watch != nil {
			s.Request = b.watch.request(e.Message)
		}
	} else {
		s.Kind, s.Name = KindCall, e.Operation
		b.call(&s, e)
	}
	b.steps = append(b.steps, s)
}

// end completes the newest task of an instance that is still open. Tasks of one
// request in one instance are nested at most, so the newest is the right one.
func (b *building) end(e wasm.Event) {
	for i := len(b.steps) - 1; i >= 0; i-- {
		s := &b.steps[i]
		if s.Kind != KindTask || s.Instance != e.Instance || s.Took >= 0 {
			continue
		}
		s.Took, s.Busy, s.Units = milliseconds(e.Took), milliseconds(e.Busy), e.Units
		if e.Err != nil {
			s.Error = failure(e.Err)
		}
		if b.watch != nil {
			s.Answer = b.watch.reply(e)
			s.Error = b.watch.hide(s.Error)
		}
		return
	}
}

// taskName is the action or the operation that a task serves.
func taskName(message []byte) string {
	var q abi.Request
	if q.Decode(message) != nil {
		return "?"
	}
	switch q.Kind {
	case abi.Configure:
		return "configure"
	case abi.Health:
		return "health"
	case abi.Operation:
		return q.Point + "/" + q.Name
	}
	return q.Name
}

// call tells what a host call was about.
func (b *building) call(s *Step, e wasm.Event) {
	body, failed, err := abi.DecodeAnswer(e.Answer)
	s.Sent, s.Received = len(e.Message), len(e.Answer)
	switch {
	case err != nil:
		s.Error = "an answer that does not decode: " + err.Error()
	case failed != nil:
		s.Error = describe(failed)
	}
	switch e.Operation {
	case abi.OpHTTPFetch:
		b.fetch(s, e, body)
	case abi.OpProviderCall:
		var q abi.ProviderCall
		if q.Decode(e.Message) == nil {
			s.Target = q.Instance + " " + q.Point + "/" + q.Operation
		}
	}
	if b.watch != nil && e.Operation != abi.OpHTTPFetch {
		s.Request, s.Answer = b.watch.value(e.Message), b.watch.value(body)
	}
	if b.watch != nil {
		s.Error = b.watch.hide(s.Error)
	}
}

// fetch tells of an HTTP exchange: its host only, because path and query hold
// numbers, texts and keys.
func (b *building) fetch(s *Step, e wasm.Event, body abi.Value) {
	var q abi.HTTPRequest
	if q.Decode(e.Message) != nil {
		return
	}
	method := q.Method
	if method == "" {
		method = "GET"
	}
	s.Target, s.Sent, s.Received = method+" "+origin(q.URL), len(q.Body), 0
	var p abi.HTTPResponse
	answered := body.Exists() && p.Decode(body) == nil
	if answered {
		s.Status, s.Received = p.Status, len(p.Body)
	}
	if b.watch == nil {
		return
	}
	s.Request = b.watch.httpRequest(method, &q)
	if answered {
		s.Answer = b.watch.httpResponse(&p)
	}
}

// origin is a URL without credentials, path and query. A full parse would cost more
// than the rest of the step.
func origin(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return scheme + "://" + rest
}

// failure is what went wrong in a task, in words without what the plugin wrote for
// the log only.
func failure(err error) string {
	var own *abi.Error
	if errors.As(err, &own) {
		return describe(own)
	}
	return err.Error()
}

func describe(e *abi.Error) string {
	text := string(e.Code)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Sent {
		text += " (something may have been sent)"
	}
	return text
}
