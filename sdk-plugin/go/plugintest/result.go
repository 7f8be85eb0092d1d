package plugintest

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Result is what came out of a handler.
type Result struct {
	Reply abi.Reply  // when Err is nil
	Err   *abi.Error // what the handler failed with
}

func asError(err error) *abi.Error {
	if err == nil {
		return nil
	}
	var e *abi.Error
	if errors.As(err, &e) {
		return e
	}
	return &abi.Error{Code: abi.CodeInternal, Detail: err.Error()}
}

// Body returns the reply's value.
func (r Result) Body() abi.Value { return r.Reply.Body }

// JSON returns the body that an integrator would get: the reply's value as JSON,
// wrapped when the reply says so, or {"error":"…"}.
func (r Result) JSON() string {
	if r.Err != nil {
		var o abi.Object
		return JSON(o.Str("error", r.Text()).Value())
	}
	if r.Reply.Form == abi.FormRows && r.Reply.Wrap {
		var o abi.Object
		return JSON(o.Str("result", "OK").Set("data", r.Reply.Body).Value())
	}
	return JSON(r.Reply.Body)
}

var statuses = map[abi.Code]int{
	abi.CodeEmpty: 419, abi.CodeInvalid: 422, abi.CodeNotFound: 404, abi.CodeDenied: 405, abi.CodeConflict: 409,
	abi.CodeTooLarge: 413, abi.CodeBusy: 429, abi.CodeRefused: 502, abi.CodeUnavailable: 502, abi.CodeTimeout: 504,
}

// Status returns the HTTP status that an integrator would get.
func (r Result) Status() int {
	switch {
	case r.Err == nil && r.Reply.Status != 0:
		return r.Reply.Status
	case r.Err == nil:
		return http.StatusOK
	case r.Err.Status != 0:
		return r.Err.Status
	}
	if status, ok := statuses[r.Err.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Text returns the error text that an integrator would get, "" for a success.
func (r Result) Text() string {
	if r.Err == nil {
		return ""
	}
	switch e := r.Err; e.Code {
	case abi.CodeEmpty:
		return "Empty " + e.Message + "!"
	case abi.CodeInvalid:
		return "Invalid " + e.Message + "!"
	case abi.CodeNotFound, abi.CodeConflict, abi.CodeRefused:
		return e.Message
	case abi.CodeUnavailable, abi.CodeTimeout:
		return e.Message + " is unavailable!"
	case abi.CodeBusy:
		return "Too many requests!"
	case abi.CodeDenied:
		return "Access denied!"
	}
	return "Internal error!"
}

// checkReply checks a successful reply as the host does.
func (h *Host) checkReply(r Result, s *schema.Schema) {
	h.t.Helper()
	if r.Err != nil || len(r.Reply.Body) == 0 {
		return
	}
	if err := abi.Check(r.Reply.Body); err != nil {
		h.t.Errorf("plugintest: the reply is not a well-formed value: %v", err)
		return
	}
	if s == nil {
		return
	}
	body := r.Reply.Body
	if r.Reply.Form == abi.FormRows && r.Reply.Wrap {
		var o abi.Object
		body = o.Str("result", "OK").Set("data", body).Value()
	}
	if err := s.Validate(body); err != nil {
		h.t.Errorf("plugintest: the reply does not satisfy the response of plugin.json: %v in %s", err, r.JSON())
	}
}

// checkError checks that an error is one that the action declares, or one that
// the gateway answers for every action.
func (h *Host) checkError(r Result, a *manifest.Action) {
	h.t.Helper()
	if r.Err == nil {
		return
	}
	switch r.Err.Code {
	case abi.CodeNotFound, abi.CodeConflict, abi.CodeUnavailable, abi.CodeTimeout:
	case abi.CodeInvalid, abi.CodeEmpty:
		if a.Params.Property(r.Err.Message) == nil {
			h.t.Errorf("plugintest: the error names the parameter %q, which the action does not have", r.Err.Message)
		}
		return
	default:
		return
	}
	if strings.TrimSpace(r.Err.Message) == "" {
		h.t.Errorf("plugintest: an error with code %s needs a message", r.Err.Code)
		return
	}
	if !slices.ContainsFunc(a.Errors, func(e manifest.ErrorText) bool { return e.Status == r.Status() && e.Text == r.Text() }) {
		h.t.Errorf("plugintest: plugin.json does not declare the error %d %q of %s", r.Status(), r.Text(), a.Name)
	}
}
