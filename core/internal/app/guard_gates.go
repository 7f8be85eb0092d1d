package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	freeswitchcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// What leaves the gateway needs a ticket of its guard. The server gets one before
// the plugin is asked; here a module is stopped that leaves "spends" out of its
// manifest, calls another number than it was asked to, or calls twice.

// guardedCalls makes the operation that places calls ask for a ticket.
func (a *App) guardedCalls(all map[string]wasm.Operation) map[string]wasm.Operation {
	if a.guard == nil {
		return all
	}
	op := all[abi.OpFreeswitchOriginate]
	place := op.Run
	op.Run = func(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
		var q abi.Originate
		if err := q.Decode(request); err != nil {
			return hostcall.Malformed(dst, abi.OpFreeswitchOriginate, err)
		}
		if guard.From(ctx).Use(guard.Call, q.Called) {
			return place(ctx, c, request, dst)
		}
		t, refusal := a.guard.Reserve(guard.Ask{Kind: guard.Call, User: c.User, Text: q.Called})
		if refusal != nil {
			return hostcall.Fail(dst, *refusedByGuard(refusal))
		}
		t.Use(guard.Call, q.Called)
		defer t.Close(true) // what is known better, the link has said by then
		return place(guard.With(ctx, t), c, request, dst)
	}
	all[abi.OpFreeswitchOriginate] = op
	return all
}

// refusedByGuard is a refusal as a plugin sees it.
func refusedByGuard(p *problem.Problem) *abi.Error {
	e := &abi.Error{Code: abi.CodeRefused, Message: p.Text, Source: abi.SourceHost, Status: p.Status, Detail: p.Reason, RetryMS: int(p.RetryAfter.Milliseconds())}
	if p.Status == http.StatusTooManyRequests {
		e.Code = abi.CodeBusy
	}
	return e
}

// guardedLink tells the ticket of a request what became of its call.
type guardedLink struct{ freeswitchcall.Link }

func (l guardedLink) Originate(ctx context.Context, r freeswitch.OriginateRequest) (freeswitch.OriginateResult, error) {
	t := guard.From(ctx)
	result, err := l.Link.Originate(ctx, r)
	var failed *freeswitch.OriginateError
	switch {
	case err == nil:
		t.Placed(result.Node, result.UUID, time.Now())
	case !errors.As(err, &failed):
		t.Unuse() // nothing was sent
	case errors.Is(err, freeswitch.ErrUnknownOutcome):
		t.Placed(failed.Node, failed.UUID, time.Now())
	default: // FreeSWITCH said no, in whichever words
		t.Close(false)
	}
	return result, err
}

// smsSend is the operation with which messages leave.
const smsSend = "send"

type runner = func(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error)

// guardedSend makes a provider's operation that sends messages ask for a ticket.
// Another provider may be tried under the same one when nothing was sent.
func guardedSend(g *guard.Guard, point string, send runner) runner {
	if g == nil || point != pointSMS {
		return send
	}
	return func(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error) {
		if q.Name != smsSend {
			return send(ctx, q, depth)
		}
		phone := q.Params.Get("phone").String()
		t := guard.From(ctx)
		if !t.Use(guard.Message, phone) {
			var refusal *problem.Problem
			t, refusal = g.Reserve(guard.Ask{Kind: guard.Message, User: q.User, Text: phone, Units: guard.Segments(q.Params.Get("message").String())})
			if refusal != nil {
				return nil, refusedByGuard(refusal)
			}
			t.Use(guard.Message, phone)
			defer t.Close(true)
		}
		result, err := send(ctx, q, depth)
		var own *abi.Error
		var notReady *wasm.NotReadyError
		if errors.As(err, &own) && !own.Sent || errors.As(err, &notReady) {
			t.Unuse()
		}
		return result, err
	}
}
