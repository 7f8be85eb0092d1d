// Package freeswitchcall is the host side of capability freeswitch: typed
// operations, never free text. Values are validated and dial strings built by
// package freeswitch; what FreeSWITCH said goes back as a cause word, never raw.
package freeswitchcall

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// System is FreeSWITCH's name in answers: "FreeSWITCH is unavailable!".
const System = "FreeSWITCH"

// Link is what the capability needs of the FreeSWITCH link.
type Link interface {
	Originate(ctx context.Context, r freeswitch.OriginateRequest) (freeswitch.OriginateResult, error)
	Queues(ctx context.Context, node string) ([]freeswitch.Queue, []freeswitch.NodeError)
	Tiers(ctx context.Context, node string) ([]freeswitch.Tier, []freeswitch.NodeError)
	Agents(ctx context.Context, node, queue string) ([]freeswitch.Agent, []freeswitch.NodeError)
	Channels(ctx context.Context, node string) ([]freeswitch.Channel, []freeswitch.NodeError)
}

// Calls records calls in the journal.
type Calls interface {
	BeginCall(ctx context.Context, c journal.Call) (uint64, error)
	EndCall(ctx context.Context, id uint64, o journal.CallOutcome) error
}

// Errors of [Options.CDR] and [Options.Recording].
var (
	// ErrNotFound: no such call, or an id that is no call id.
	ErrNotFound = errors.New("no such call")
	// ErrUnfinished: the recording is still being written.
	ErrUnfinished = errors.New("the recording is not finished")
)

// Recording is a call's recording, held until the server has sent it.
type Recording interface {
	wasm.Held
	Size() int64
	ContentType() string
}

// Options configures the capability. A nil Link means that no node is configured.
type Options struct {
	Link  Link
	Calls Calls
	// CDR returns a call's detail record as JSON in the manual's shape.
	CDR func(ctx context.Context, uuid string) ([]byte, error)
	// Recording opens a call's recording.
	Recording func(ctx context.Context, uuid string) (Recording, error)
	// Number decides how much of a telephone number the journal keeps.
	Number func(string) string
	Log    hclog.Logger
}

// Operations returns the capability's operations.
func Operations(o Options) map[string]wasm.Operation {
	return map[string]wasm.Operation{
		abi.OpFreeswitchOriginate: {Run: o.originate, Effect: true},
		abi.OpFreeswitchQueues:    {Run: o.queues},
		abi.OpFreeswitchTiers:     {Run: o.tiers},
		abi.OpFreeswitchAgents:    {Run: o.agents},
		abi.OpFreeswitchChannels:  {Run: o.channels},
		abi.OpFreeswitchCDR:       {Run: o.cdr},
		abi.OpFreeswitchRecording: {Run: o.recording},
	}
}

func notConfigured(dst []byte) []byte {
	return hostcall.Fail(dst, abi.Error{Code: abi.CodeUnavailable, Message: System, Detail: "no freeswitch node is configured"})
}

// originate writes the intent, places the call and writes the outcome. The
// outcome is written even when the caller's time is over.
func (o Options) originate(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
	if o.Link == nil {
		return notConfigured(dst)
	}
	var q abi.Originate
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpFreeswitchOriginate, err)
	}
	r := freeswitch.OriginateRequest{Node: q.Node, Called: q.Called, Caller: q.Caller, Account: q.Account}
	if bad := check(r); bad != nil {
		return hostcall.Fail(dst, *bad)
	}
	id, err := o.Calls.BeginCall(ctx, journal.Call{
		Node: q.Node, Called: o.Number(q.Called), Caller: o.Number(q.Caller), Account: q.Account, User: c.User, RequestID: c.RequestID,
	})
	if err != nil {
		return hostcall.Internal(dst, abi.OpFreeswitchOriginate+": journal", err)
	}
	result, err := o.Link.Originate(ctx, r)
	outcome := journal.CallOutcome{Result: journal.ResultOK, UUID: result.UUID}
	var failure abi.Error
	if err != nil {
		failure, outcome = originateFailure(err)
	}
	if err := o.end(ctx, id, outcome); err != nil {
		o.Log.Error("the outcome of a call is not in the journal", "call", id, "request_id", c.RequestID, "error", err)
	}
	if err != nil {
		return hostcall.Fail(dst, failure)
	}
	return hostcall.OK(dst, new(abi.Object).Str("uuid", result.UUID).Str("node", result.Node).Value())
}

// endTimeout bounds the wait for the journal.
const endTimeout = 10 * time.Second

func (o Options) end(ctx context.Context, id uint64, outcome journal.CallOutcome) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer stop()
	return o.Calls.EndCall(ctx, id, outcome)
}

// check refuses values before anything is recorded or sent.
func check(r freeswitch.OriginateRequest) *abi.Error {
	_, called := freeswitch.ParseCalled(r.Called)
	_, caller := freeswitch.ParseCallerID(r.Caller)
	_, account := freeswitch.ParseAccount(r.Account)
	var bad *freeswitch.ValueError
	if errors.As(errors.Join(called, caller, account), &bad) {
		return invalid(bad)
	}
	return nil
}

func invalid(bad *freeswitch.ValueError) *abi.Error {
	return &abi.Error{Code: abi.CodeInvalid, Source: abi.SourceCaller, Message: bad.Field, Detail: bad.Reason}
}

func originateFailure(err error) (abi.Error, journal.CallOutcome) {
	outcome := journal.CallOutcome{Result: journal.ResultError, Detail: err.Error()}
	var bad *freeswitch.ValueError
	if errors.As(err, &bad) {
		return *invalid(bad), outcome
	}
	var refused *freeswitch.OriginateError
	switch {
	case errors.Is(err, freeswitch.ErrUnknownOutcome):
		outcome.Result = journal.ResultUnknown
		if errors.As(err, &refused) {
			outcome.UUID = refused.UUID
		}
		return abi.Error{Code: abi.CodeTimeout, Message: System, Source: abi.SourceUpstream, Detail: err.Error(), Sent: true}, outcome
	case errors.As(err, &refused) && refused.Cause != "":
		return abi.Error{Code: abi.CodeRefused, Message: refused.Cause, Source: abi.SourceUpstream, Detail: err.Error(), Sent: refused.Sent}, outcome
	case errors.As(err, &refused):
		return abi.Error{Code: abi.CodeUnavailable, Message: System, Source: abi.SourceUpstream, Detail: err.Error(), Sent: refused.Sent}, outcome
	}
	return unavailable(err), outcome
}

func unavailable(err error) abi.Error {
	e := abi.Error{Code: abi.CodeUnavailable, Message: System, Source: abi.SourceUpstream, Detail: err.Error()}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, freeswitch.ErrUnknownOutcome) {
		e.Code = abi.CodeTimeout
	}
	return e
}

func (o Options) queues(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
	if o.Link == nil {
		return notConfigured(dst)
	}
	rows, errs := o.Link.Queues(ctx, "")
	return list(o, c, dst, rows, errs, func(q *freeswitch.Queue) any { return &q.Queue })
}

func (o Options) tiers(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
	if o.Link == nil {
		return notConfigured(dst)
	}
	rows, errs := o.Link.Tiers(ctx, "")
	return list(o, c, dst, rows, errs, func(t *freeswitch.Tier) any { return &t.Tier })
}

func (o Options) agents(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
	if o.Link == nil {
		return notConfigured(dst)
	}
	rows, errs := o.Link.Agents(ctx, "", "")
	return list(o, c, dst, rows, errs, func(a *freeswitch.Agent) any { return &a.Agent })
}

func (o Options) channels(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
	if o.Link == nil {
		return notConfigured(dst)
	}
	rows, errs := o.Link.Channels(ctx, "")
	return list(o, c, dst, rows, errs, func(ch *freeswitch.Channel) any { return &ch.Channel })
}

// list answers with the rows of all nodes that answered. A node that did not is
// named in a warning, so that a short list never looks complete; rows with
// malformed neighbours come with an error too. No rows and an error is a failure.
func list[T any](o Options, c *wasm.Call, dst []byte, rows []T, errs []freeswitch.NodeError, columns func(*T) any) []byte {
	var down error
	for _, e := range errs {
		o.Log.Warn("a list from FreeSWITCH is incomplete", "node", e.Node, "error", e.Err, "request_id", c.RequestID)
		down = errors.Join(down, e)
		var malformed *freeswitch.MalformedRowsError
		if errors.As(e.Err, &malformed) {
			c.Warn("node " + e.Node + ": " + malformed.Error())
			continue
		}
		c.Warn("node " + e.Node + " is unavailable")
	}
	if down != nil && len(rows) == 0 {
		return hostcall.Fail(dst, unavailable(down))
	}
	body := abi.AppendArray(make([]byte, 0, 64+len(rows)*512), len(rows))
	for i := range rows {
		body = appendRow(body, columns(&rows[i]))
	}
	return hostcall.OK(dst, body)
}

func (o Options) cdr(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
	args, err := hostcall.Strings(request, 1)
	if err != nil {
		return hostcall.Malformed(dst, abi.OpFreeswitchCDR, err)
	}
	text, err := o.CDR(ctx, args[0])
	switch {
	case errors.Is(err, ErrNotFound):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeNotFound, Source: abi.SourceCaller, Detail: err.Error()})
	case err != nil:
		return hostcall.Internal(dst, abi.OpFreeswitchCDR, err)
	}
	value, err := transcode.FromJSON(nil, text, transcode.Options{})
	if err != nil {
		return hostcall.Internal(dst, abi.OpFreeswitchCDR, err)
	}
	return hostcall.OK(dst, value)
}

func (o Options) recording(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
	args, err := hostcall.Strings(request, 1)
	if err != nil {
		return hostcall.Malformed(dst, abi.OpFreeswitchRecording, err)
	}
	r, err := o.Recording(ctx, args[0])
	switch {
	case errors.Is(err, ErrNotFound):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeNotFound, Source: abi.SourceCaller, Detail: err.Error()})
	case errors.Is(err, ErrUnfinished):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeConflict, Source: abi.SourceUpstream, Detail: err.Error()})
	case err != nil:
		return hostcall.Fail(dst, unavailable(err))
	}
	a := abi.Attachment{ID: c.Attach(r), Size: r.Size(), ContentType: r.ContentType()}
	return hostcall.OK(dst, a.Append(nil))
}
