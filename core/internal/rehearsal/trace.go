package rehearsal

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Tracer writes what tasks do for people: one line for the beginning and the end
// of a task and for each host call. Secrets of the settings are left out. It is
// safe for concurrent use.
type Tracer struct{ secrets *strings.Replacer }

// NewTracer returns a tracer for a plugin with these settings.
func NewTracer(m *manifest.Manifest, settings abi.Value) *Tracer {
	var pairs []string
	for _, p := range m.Settings.Properties() {
		secret := settings.Get(p.Name).String()
		if !p.Schema.Secret || len(secret) < 4 { // shorter ones would hide half the trace
			continue
		}
		for _, spelling := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			pairs = append(pairs, spelling, "•••")
		}
	}
	return &Tracer{strings.NewReplacer(pairs...)}
}

// Lines returns the lines of an event.
func (t *Tracer) Lines(e wasm.Event) []string {
	var line string
	switch e.Moment {
	case wasm.Began:
		line = "→ " + beginning(e)
	case wasm.Asked:
		line = fmt.Sprintf("  %s  %s", asked(e), took(e.Took))
	case wasm.Ended:
		line = fmt.Sprintf("← %s  %s, %s in the guest, %s CPU units", ending(e), took(e.Took), took(e.Busy), thousands(e.Units))
	}
	return []string{t.secrets.Replace(line)}
}

func took(d time.Duration) string { return d.Round(time.Microsecond).String() }

// thousands groups digits: 1,234,567.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func beginning(e wasm.Event) string {
	var q abi.Request
	if err := q.Decode(e.Message); err != nil {
		return "a request that does not decode: " + err.Error()
	}
	switch q.Kind {
	case abi.Configure:
		var names []string
		for name := range q.Params.Entries() {
			names = append(names, name)
		}
		slices.Sort(names)
		return "configure with " + strings.Join(names, ", ")
	case abi.Action:
		return "action " + q.Name + " " + show(q.Params)
	case abi.Operation:
		return q.Point + "/" + q.Name + " " + show(q.Params)
	case abi.Health:
		return "health"
	}
	return fmt.Sprintf("request of kind %d", q.Kind)
}

func asked(e wasm.Event) string {
	body, failure, err := abi.DecodeAnswer(e.Answer)
	text := e.Operation + " " + target(e)
	switch {
	case err != nil:
		return text + " → an answer that does not decode: " + err.Error()
	case failure != nil:
		return text + " → " + describeError(failure)
	case e.Operation == abi.OpHTTPFetch:
		var p abi.HTTPResponse
		if p.Decode(body) != nil {
			return text + " → a malformed answer"
		}
		what := excerpt(p.Body)
		if p.Data.Exists() {
			what = show(p.Data)
		}
		return fmt.Sprintf("%s → %d %s", text, p.Status, what)
	}
	return text + " → " + show(body)
}

// target says what an operation was asked about.
func target(e wasm.Event) string {
	if e.Operation != abi.OpHTTPFetch {
		return show(e.Message)
	}
	var q abi.HTTPRequest
	if q.Decode(e.Message) != nil {
		return "with a malformed request"
	}
	method := q.Method
	if method == "" {
		method = "GET"
	}
	return method + " " + shorten(q.URL, maxShown)
}

func ending(e wasm.Event) string {
	var own *abi.Error
	switch {
	case errors.As(e.Err, &own):
		return "error " + describeError(own)
	case e.Err != nil:
		return "died: " + e.Err.Error()
	}
	var r abi.Reply
	if r.Decode(e.Message) != nil {
		return "a malformed reply"
	}
	if r.Form == abi.FormValue && len(r.Body) == 0 {
		return "done"
	}
	return "reply " + describeReply(&r)
}
