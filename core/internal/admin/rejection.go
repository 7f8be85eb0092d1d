package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// Rejection is a Problem that says more: every mistake with its place. It is for
// administrators, who may know more than integrators.
type Rejection struct {
	Problem    *problem.Problem
	Violations []Violation
}

var _ error = (*Rejection)(nil)

// Error returns the problem and its violations on one line.
func (r *Rejection) Error() string {
	texts := []string{r.Problem.Error()}
	for _, v := range r.Violations {
		text := v.Message
		if v.Pointer != "" {
			text = v.Pointer + ": " + text
		}
		if v.At != "" {
			text += " (" + v.At + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the problem.
func (r *Rejection) Unwrap() error { return r.Problem }

// MarshalJSON writes {"error":…, "violations":[…]}.
func (r *Rejection) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Error      string      `json:"error"`
		ID         string      `json:"id,omitempty"`
		Violations []Violation `json:"violations"`
	}{r.Problem.Text, r.Problem.ID, r.Violations})
}

// Reject returns a 422 about a field of the request.
func Reject(field string, violations ...Violation) *Rejection {
	return &Rejection{problem.Invalid(field, nil), violations}
}

// Locked returns the 409 for fields that the configuration file sets.
func Locked(violations ...Violation) *Rejection {
	return &Rejection{problem.Conflict("Set in the configuration file!"), violations}
}

// CannotApply returns the 422 for a change that was tried and cannot take
// effect.
func CannotApply(err error) *Rejection {
	return &Rejection{
		&problem.Problem{Status: http.StatusUnprocessableEntity, Text: "The change cannot take effect!", Err: err},
		[]Violation{{Message: err.Error()}},
	}
}

func forbidden(reason string) *problem.Problem {
	return &problem.Problem{Status: http.StatusForbidden, Text: "Access denied!", Reason: reason}
}

// refusal turns what a handler returns into the answer.
func refusal(err error) error {
	var r *Rejection
	if errors.As(err, &r) {
		return r
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		return problem.From(err)
	}
	var invalid *auth.InvalidError
	var tooMany *auth.TooManyError
	switch {
	case errors.Is(err, auth.ErrNoUser):
		return problem.NotFound("No such user!")
	case errors.Is(err, auth.ErrNoToken):
		return problem.NotFound("No such token!")
	case errors.Is(err, auth.ErrTaken):
		return problem.Conflict("Login is taken!")
	case errors.Is(err, auth.ErrDeleted):
		return problem.Conflict("User is deleted!")
	case errors.Is(err, auth.ErrLastAdministrator):
		return problem.Conflict("The last active administrator must stay!")
	case errors.Is(err, auth.ErrStale), errors.Is(err, registry.ErrConflict):
		return problem.Stale()
	case errors.Is(err, auth.ErrNoSecondFactor):
		return problem.Conflict("There is no second factor!")
	case errors.Is(err, auth.ErrHasSecondFactor):
		return problem.Conflict("There is a second factor already!")
	case errors.Is(err, auth.ErrWrongLogin):
		return problem.WrongLogin()
	case errors.As(err, &invalid):
		return Reject(invalid.Field, Violation{Pointer: "/" + invalid.Field, Message: invalid.Err.Error(), Code: "invalid." + invalid.Field})
	case errors.As(err, &tooMany):
		return problem.TooMany(tooMany.RetryAfter)
	case errors.Is(err, journal.ErrBadCursor):
		return Reject("cursor", Violation{Pointer: "/cursor", Message: err.Error()})
	case errors.Is(err, journal.ErrBadQuery):
		return Reject("query", Violation{Message: err.Error()})
	case errors.Is(err, context.DeadlineExceeded):
		return problem.NotReady(time.Second, "the gateway is busy: "+err.Error())
	}
	return problem.Internal(fmt.Errorf("administration: %w", err))
}
