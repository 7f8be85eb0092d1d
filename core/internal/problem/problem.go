// Package problem is the one error type that a client of the gateway may see.
//
// A Problem separates what the caller is told (Status, Text, ID, RetryAfter) from what only the log and the
// journal may know (Reason, Err). Everything below the server returns ordinary errors and wraps a Problem only
// where the answer to the client is decided; [From] turns any error into the Problem to answer with.
package problem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Statuses of the integrators' API that have no name in net/http.
const (
	// StatusEmpty answers a required parameter that is missing or empty.
	StatusEmpty = 419
	// StatusInvalidJSON answers a body that is not a JSON object.
	StatusInvalidJSON = 420
	// StatusCanceled is recorded when the caller went away; nobody is left to read it.
	StatusCanceled = 499
)

// Problem is an error together with the answer that the client gets. It is treated as immutable once returned:
// [Problem.WithReason] and [From] copy instead of changing it.
type Problem struct {
	// Status is the HTTP status, also the journal's code_response.
	Status int
	// Text is the client-visible sentence, for example "Access denied!".
	// It never holds anything that the caller sent except names declared in a manifest.
	Text string
	// ID is the short error id that the client and the log share. Set only when Status is 500 or above.
	ID string
	// Reason tells the log and the journal what Text hides: "switched off", "no right". May be empty.
	Reason string
	// RetryAfter is how long the caller should wait before it tries again; 0 means no advice.
	RetryAfter time.Duration
	// Field is the name of the parameter that is at fault, empty if it is not about one parameter.
	Field string
	// Err is the cause. It is for the log only. May be nil.
	Err error
}

var _ error = (*Problem)(nil)

// Error returns the whole story for the log: status, text, reason, id and cause. It must not be sent to a client.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Text)
	if p.Reason != "" {
		b.WriteString(" (" + p.Reason + ")")
	}
	if p.ID != "" {
		b.WriteString(" [" + p.ID + "]")
	}
	if p.Err != nil {
		b.WriteString(": " + p.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause, so that errors.Is and errors.As look through a Problem.
func (p *Problem) Unwrap() error { return p.Err }

// WithReason returns a copy of p with the given reason for the log and the journal.
func (p *Problem) WithReason(reason string) *Problem {
	c := *p
	c.Reason = reason
	return &c
}

// RetryAfterSeconds is the value of the Retry-After header: RetryAfter rounded up to whole seconds,
// so that an obedient client never comes back too early. 0 means that the header is left out.
func (p *Problem) RetryAfterSeconds() int64 {
	if p.RetryAfter <= 0 {
		return 0
	}
	return int64((p.RetryAfter-1)/time.Second) + 1
}

// From returns the Problem to answer err with; nil for nil.
//
// A Problem found in the chain of err decides the answer; if err wrapped it with more context, the result is a copy
// whose Err is err, so that the log keeps that context. A passed deadline becomes 504, a cancelled context 499,
// anything else is [Internal]: an unknown error never reaches the client as text.
func From(err error) *Problem {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		if err == error(p) {
			return p
		}
		c := *p
		c.Err = err
		return &c
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled(err)
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout("Gateway", err)
	}
	return Internal(err)
}

// NewID returns a short random error id: 10 lower-case hexadecimal digits.
func NewID() string {
	var b [5]byte
	// crypto/rand.Read never fails and always fills b (it ends the process instead).
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// serverSide builds a Problem with an id. Only statuses of 500 and above come here.
func serverSide(status int, text string, err error) *Problem {
	return &Problem{Status: status, Text: text, ID: NewID(), Err: err}
}

// Unauthorized is the answer to a missing, unknown, expired or revoked token.
func Unauthorized() *Problem {
	return &Problem{Status: http.StatusUnauthorized, Text: "Unauthorized!"}
}

// WrongLogin is the answer to a wrong login or password and to a user that may not log in, all alike.
func WrongLogin() *Problem {
	return &Problem{Status: http.StatusUnauthorized, Text: "Wrong login or password!"}
}

// Denied is the answer to an unknown or switched-off module or action and to a missing right.
// The caller cannot tell them apart; reason can, for the journal.
func Denied(reason string) *Problem {
	return &Problem{Status: http.StatusMethodNotAllowed, Text: "Access denied!", Reason: reason}
}

// Empty is the answer to a required parameter that is missing or empty. Name is the parameter's name in the manifest.
func Empty(name string) *Problem {
	return &Problem{Status: StatusEmpty, Text: "Empty " + name + "!", Field: name}
}

// InvalidJSON is the answer to a body that is not a JSON object.
func InvalidJSON(err error) *Problem {
	return &Problem{Status: StatusInvalidJSON, Text: "Invalid JSON!", Err: err}
}

// Invalid is the answer to a parameter that is present but not acceptable. Name is the parameter's name in the manifest.
func Invalid(name string, err error) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Text: "Invalid " + name + "!", Field: name, Err: err}
}

// TooMany is the answer to too many requests or failed logins. After is when the next attempt may succeed.
func TooMany(after time.Duration) *Problem {
	return &Problem{Status: http.StatusTooManyRequests, Text: "Too many requests!", RetryAfter: after}
}

// NotFound is the answer to an unknown id. The texts differ between actions ("Wrong ID!", "Tier not found"),
// so the caller gives the whole sentence.
func NotFound(text string) *Problem {
	return &Problem{Status: http.StatusNotFound, Text: text}
}

// Conflict is the answer to an idempotency key that was used with another body, or to a name that is taken.
// Text is the whole sentence.
func Conflict(text string) *Problem {
	return &Problem{Status: http.StatusConflict, Text: text}
}

// Stale is the answer to an If-Match that names an older version: somebody else changed the thing meanwhile.
func Stale() *Problem {
	return &Problem{Status: http.StatusPreconditionFailed, Text: "Changed meanwhile!"}
}

// TooLarge is the answer to a body over the limit.
func TooLarge() *Problem {
	return &Problem{Status: http.StatusRequestEntityTooLarge, Text: "Request is too large!"}
}

// UnsupportedType is the answer to a body whose Content-Type is not JSON.
func UnsupportedType() *Problem {
	return &Problem{Status: http.StatusUnsupportedMediaType, Text: "Unsupported content type!"}
}

// Canceled marks a request whose caller went away before it was answered.
func Canceled(err error) *Problem {
	return &Problem{Status: StatusCanceled, Text: "Canceled!", Err: err}
}

// Internal is the answer to a fault of the gateway itself: 503 when the fault says, by a method RetryAfter, that it
// passes by itself, as a full disk does.
func Internal(err error) *Problem {
	var passing interface{ RetryAfter() time.Duration }
	if errors.As(err, &passing) {
		p := serverSide(http.StatusServiceUnavailable, "Not ready, try again later!", err)
		p.RetryAfter = passing.RetryAfter()
		return p
	}
	return serverSide(http.StatusInternalServerError, "Internal error!", err)
}

// Unavailable is the answer when the named system refused, broke the connection or its plugin failed.
func Unavailable(system string, err error) *Problem {
	return serverSide(http.StatusBadGateway, system+" is unavailable!", err)
}

// Refused is the answer when a system answered, but with a refusal that the caller must see
// (FreeSWITCH: "-ERR USER_BUSY"). Text is cut to one line of at most 200 bytes.
func Refused(text string, err error) *Problem {
	return serverSide(http.StatusBadGateway, oneLine(text), err)
}

// Timeout is the answer when the named system did not answer in time.
func Timeout(system string, err error) *Problem {
	return serverSide(http.StatusGatewayTimeout, system+" is unavailable!", err)
}

// NotReady is the answer while something is starting, compiling or backing off. Reason is for the log.
func NotReady(after time.Duration, reason string) *Problem {
	p := serverSide(http.StatusServiceUnavailable, "Not ready, try again later!", nil)
	p.RetryAfter, p.Reason = after, reason
	return p
}
