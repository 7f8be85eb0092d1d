package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// judge compares what the plugin answered with what the case expects.
func (p *cast) judge(result *wasm.Result, failure error, s *Stage) []string {
	c := p.c
	var e *abi.Error
	var dead *wasm.DeadError
	switch {
	case failure == nil:
	case errors.As(failure, &dead):
		e = &abi.Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: failure.Error(), Sent: dead.Sent}
	case errors.As(failure, &e):
	default:
		return []string{failure.Error()}
	}
	switch {
	case e == nil && c.Error != nil:
		return []string{"error: want an error, got the reply " + describeReply(&result.Reply)}
	case e != nil && c.Error == nil:
		return []string{"reply: want a reply, got the error " + describeError(e)}
	case e != nil:
		return c.Error.compare(e)
	}
	problems := c.Reply.compare(result)
	if c.Request.Kind == abi.Action {
		problems = append(problems, checkResponse(s.pkg.Manifest.Action(c.Request.Name).Response, &result.Reply)...)
	}
	return problems
}

// checkResponse holds a reply against the action's own schema, which integrators
// rely on.
func checkResponse(want *schema.Schema, r *abi.Reply) []string {
	if want == nil || r.Form == abi.FormBytes || r.Form == abi.FormAttachment || r.Format != "" && r.Format != "json" {
		return nil
	}
	if err := want.Validate(jsonBody(r)); err != nil {
		return []string{"reply/json: it does not satisfy the response of plugin.json: " + err.Error()}
	}
	return nil
}

// jsonBody is the body that an integrator gets as JSON.
func jsonBody(r *abi.Reply) abi.Value {
	if r.Form == abi.FormRows && r.Wrap {
		return new(abi.Object).Str("result", "OK").Set("data", r.Body).Value()
	}
	return r.Body
}

func (want *Reply) compare(got *wasm.Result) []string {
	var c comparison
	r := &got.Reply
	status := func(n int) int {
		if n == 0 {
			return http.StatusOK
		}
		return n
	}
	if w, g := status(want.Status), status(r.Status); w != g {
		c.say("reply/status", "want %d, got %d", w, g)
	}
	if want.ContentType != "" && want.ContentType != r.ContentType {
		c.say("reply/content_type", "want %q, got %q", want.ContentType, r.ContentType)
	}
	switch {
	case want.Attachment && r.Form != abi.FormAttachment:
		c.say("reply/attachment", "want an attachment, got %s", describeReply(r))
	case want.Body != nil && r.Form != abi.FormBytes:
		c.say("reply/body", "want a body of bytes, got %s", describeReply(r))
	case want.Body != nil && string(r.Body.Bytes()) != *want.Body:
		c.text("reply/body", *want.Body, string(r.Body.Bytes()))
	case len(want.Value) == 0:
	case r.Form == abi.FormBytes || r.Form == abi.FormAttachment:
		c.say("reply/json", "want a value, got %s", describeReply(r))
	case want.Exact:
		if !bytes.Equal(want.Value, jsonBody(r)) {
			c.say("reply/msgpack", "want % x, got % x", shorten(string(want.Value), maxShown), shorten(string(jsonBody(r)), maxShown))
		}
	default:
		c.found = append(c.found, differs("reply/json", want.Value, jsonBody(r))...)
	}
	return c.found
}

func (want *Error) compare(got *abi.Error) []string {
	var c comparison
	text := func(key string, w *string, g string) {
		if w != nil && *w != g {
			c.say("error/"+key, "want %q, got %q", *w, g)
		}
	}
	number := func(key string, w *int, g int) {
		if w != nil && *w != g {
			c.say("error/"+key, "want %d, got %d", *w, g)
		}
	}
	text("code", want.Code, string(got.Code))
	text("message", want.Message, got.Message)
	text("source", want.Source, string(got.Source))
	number("status", want.Status, got.Status)
	number("retry_ms", want.RetryMS, got.RetryMS)
	if want.Sent != nil && *want.Sent != got.Sent {
		c.say("error/sent", "want %v, got %v", *want.Sent, got.Sent)
	}
	if want.Detail != nil && !want.Detail.MatchString(got.Detail) {
		c.say("error/detail", "want a match of %q, got %q", want.Detail, got.Detail)
	}
	if len(c.found) > 0 {
		c.say("error", "it was %s", describeError(got))
	}
	return c.found
}

func describeReply(r *abi.Reply) string {
	switch r.Form {
	case abi.FormBytes:
		return fmt.Sprintf("of %d bytes %s: %s", len(r.Body.Bytes()), r.ContentType, excerpt(r.Body.Bytes()))
	case abi.FormAttachment:
		return "with an attachment"
	}
	return show(jsonBody(r))
}

func describeError(e *abi.Error) string {
	text := e.Error()
	if e.Source != "" {
		text += ", source " + string(e.Source)
	}
	if e.Sent {
		text += ", sent"
	}
	if e.RetryMS > 0 {
		text += fmt.Sprintf(", retry in %d ms", e.RetryMS)
	}
	return shorten(text, 1000)
}

// missing returns the log lines that the case expects in vain.
func (p *cast) missing(lines []string) []string {
	var out []string
	for i, re := range p.c.Log {
		if !slices.ContainsFunc(lines, re.MatchString) {
			out = append(out, fmt.Sprintf("log/%d: no line matches %q; the lines are:\n    %s", i, re, strings.Join(lines, "\n    ")))
		}
	}
	return out
}
