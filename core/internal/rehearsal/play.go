package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Outcome is what came of a case.
type Outcome struct {
	Case *Case
	// Problems says everything in which the plugin differs from the case; empty
	// when it passed. Each begins with a JSON pointer into the case.
	Problems []string
	// Trace tells what the plugin did, a line each: see [Tracer].
	Trace []string
	Log   []string
	// Units is the metered CPU of the task, Took its time.
	Units int64
	Took  time.Duration
}

// recorder keeps what a case's tasks do, until the case has ended: a guest that
// crashed is replaced in the background, which is not the case's.
type recorder struct {
	tracer *Tracer

	mu         sync.Mutex
	ended      bool
	trace      []string
	units      int64
	took       time.Duration
	configured error // the plugin's refusal of its settings
}

func (r *recorder) event(e wasm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.trace = append(r.trace, r.tracer.Lines(e)...)
	if e.Moment != wasm.Ended {
		return
	}
	r.units, r.took = e.Units, e.Took
	if e.RequestID == "configure" {
		r.configured = e.Err
	} else {
		r.ended = true
	}
}

// tell closes the record and hands it over.
func (r *recorder) tell(out *Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	out.Trace, out.Units, out.Took = r.trace, r.units, r.took
}

func (r *recorder) refusal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.configured
}

// requestID is the id of every rehearsed request.
const requestID = "00000000-0000-4000-8000-000000000001"

// Play plays one case. The error is a fault of the host or of ctx, never of the
// plugin.
func (s *Stage) Play(ctx context.Context, c *Case) (*Outcome, error) {
	p, err := s.prepare(c)
	if err != nil {
		return &Outcome{Case: c, Problems: []string{err.Error()}}, nil //nolint:nilerr // a fault of the case
	}
	out := &Outcome{Case: c}
	r := &recorder{tracer: NewTracer(s.pkg.Manifest, p.settings)}
	result, failure := s.perform(ctx, p, r)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out.Log = p.log.all()
	r.tell(out)
	out.Problems = slices.Concat(p.judge(result, failure, s), p.script.end(), p.others.end(), p.kv.check(c.After), p.missing(out.Log))
	if result != nil {
		if result.Attachment != nil {
			_ = result.Attachment.Close() // there is nothing in it
		}
		result.Release()
	}
	return out, nil
}

// perform asks the plugin.
func (s *Stage) perform(ctx context.Context, p *cast, r *recorder) (*wasm.Result, error) {
	q := &p.c.Request
	if p.refused != nil {
		var v *schema.Violation
		e := &abi.Error{Code: abi.CodeInvalid, Source: abi.SourceCaller, Detail: "settings: " + p.refused.Error()}
		if errors.As(p.refused, &v) {
			e.Message = v.Field()
		}
		return nil, e
	}
	request, err := s.request(p)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx, p, r); err != nil {
		var own *abi.Error
		if q.Kind == abi.Configure && errors.As(err, &own) {
			return nil, own
		}
		return nil, fmt.Errorf("the plugin does not start: %v", err) // no error of the request, so not %w
	}
	if q.Kind == abi.Configure {
		return &wasm.Result{}, nil
	}
	if q.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, q.Timeout)
		defer stop()
	}
	return s.last.Do(ctx, request, 0)
}

// request makes what the gateway would hand to the plugin.
func (s *Stage) request(p *cast) (*abi.Request, error) {
	q := &p.c.Request
	request := &abi.Request{
		Kind: q.Kind, Point: q.Point, Name: q.Name, Params: q.Params, Instance: q.Instance, RequestID: requestID, User: q.User,
	}
	if len(request.Params) == 0 {
		request.Params = abi.AppendMap(nil, 0)
	}
	if q.Kind != abi.Action {
		return request, nil
	}
	if request.User == "" {
		request.User = "tester"
	}
	action := s.pkg.Manifest.Action(q.Name)
	if action == nil {
		return nil, fmt.Errorf("request/action: plugin.json has no action %q", q.Name)
	}
	checker, err := params.Compile(action, params.Options{})
	if err != nil {
		return nil, err
	}
	checked, refusal := checker.Body(nil, q.Body, "application/json")
	if refusal != nil {
		return nil, refused(refusal)
	}
	if len(checked.Unknown) > 0 {
		return nil, fmt.Errorf("request/params: the action has no parameters %s; the gateway leaves them out", strings.Join(checked.Unknown, ", "))
	}
	request.Params, request.Derived = checked.Params, checked.Derived
	return request, nil
}

// refused is what the gateway answers before a plugin is asked.
func refused(p *problem.Problem) *abi.Error {
	e := &abi.Error{Code: abi.CodeInvalid, Status: p.Status, Message: p.Field, Source: abi.SourceCaller, Detail: "the gateway's own check: " + p.Error()}
	if p.Status == problem.StatusEmpty {
		e.Code = abi.CodeEmpty
	}
	return e
}
