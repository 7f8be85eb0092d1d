package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// originateGrace is what FreeSWITCH gets on top of the ringing time to report its own timeout.
const originateGrace = 5 * time.Second

// OriginateRequest asks for one call: Account is rung first and, once it answers, connected to Called.
type OriginateRequest struct {
	// Node is the node to use; "" picks one that is up.
	Node    string
	Called  string // see ParseCalled
	Caller  string // see ParseCallerID
	Account string // see ParseAccount
	// Variables are set on the call by the gateway itself, never from a request. Names start with "patchbay_" or "sip_h_X-".
	Variables map[string]string
}

// OriginateResult is a call that FreeSWITCH has accepted. It does not mean "answered": early media is enough.
type OriginateResult struct {
	UUID string // from FreeSWITCH's reply
	Node string
}

// Originate places a call and waits until it is accepted or refused, at most the node's OriginateTimeout. A node that
// cannot be reached is passed over for the next one, if the request does not name it; a call is never sent twice.
//
// # Errors
//
// *ValueError (nothing was sent); ErrUnknownNode; *NoNodeError; *OriginateError: with a Cause when FreeSWITCH refused the call,
// with errors.Is(err, ErrUnknownOutcome) when the call may have been placed.
func (l *Link) Originate(ctx context.Context, r OriginateRequest) (OriginateResult, error) {
	call, err := parseOriginate(r)
	if err != nil {
		return OriginateResult{}, err
	}
	nodes, err := l.choose(r.Node, call.account)
	if err != nil {
		return OriginateResult{}, err
	}
	var down []NodeError
	for _, n := range nodes {
		id, err := n.originate(ctx, call)
		if err == nil {
			return OriginateResult{UUID: id, Node: n.cfg.Name}, nil
		}
		if errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, ErrNodeDown) || ctx.Err() != nil {
			return OriginateResult{}, err
		}
		down = append(down, NodeError{n.cfg.Name, err})
	}
	return OriginateResult{}, &NoNodeError{down}
}

// callValues is a validated request.
type callValues struct {
	called    Dialable
	caller    CallerID
	account   Account
	variables map[string]string
}

func parseOriginate(r OriginateRequest) (v callValues, err error) {
	if v.called, err = ParseCalled(r.Called); err != nil {
		return v, err
	}
	if v.caller, err = ParseCallerID(r.Caller); err != nil {
		return v, err
	}
	if v.account, err = ParseAccount(r.Account); err != nil {
		return v, err
	}
	for name, value := range r.Variables {
		word, ok := strings.CutPrefix(name, "patchbay_")
		if !ok {
			word, ok = strings.CutPrefix(name, "sip_h_X-")
		}
		if !ok || !isWord(word, "_-") || name == varCalled {
			return v, &ValueError{"variables", fmt.Sprintf("name %.40q", name)}
		}
		if err := plainValue(name, value); err != nil {
			return v, err
		}
	}
	v.variables = r.Variables
	return v, nil
}

// varCalled carries the called number for a dialplan that prefers a variable to the dialled extension.
const varCalled = "patchbay_called"

// buildOriginate is the only place where a dial string is made. Everything in it is a validated value, the operator's
// template or a literal from here.
func buildOriginate(n NodeConfig, v callValues, id string) string {
	caller := v.caller.String()
	// The rung account sees origination_…, the called party effective_…: without it, it would see the number and the name
	// that the directory has for the account.
	vars := map[string]string{"effective_caller_id_name": caller}
	maps.Copy(vars, n.Variables)
	maps.Copy(vars, v.variables)
	vars["origination_uuid"] = id
	vars["origination_caller_id_number"] = caller
	vars["effective_caller_id_number"] = caller
	vars["originate_timeout"] = strconv.Itoa(int(n.OriginateTimeout / time.Second))
	vars[varCalled] = v.called.String()

	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(vars)) {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(name)
		b.WriteByte('=')
		if value := vars[name]; strings.Contains(value, " ") {
			b.WriteString("'" + value + "'")
		} else {
			b.WriteString(value)
		}
	}
	b.WriteByte('}')
	b.WriteString(n.Dial.fill(func(name string) string {
		switch name {
		case "account":
			return v.account.String()
		case "called":
			return v.called.String()
		case "caller":
			return v.caller.String()
		case "gateway":
			return n.Gateway
		case "exten":
			return n.Exten
		case "domain":
			return n.Domain
		default:
			return n.Context
		}
	}))
	return b.String()
}

func (n *node) originate(ctx context.Context, v callValues) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.OriginateTimeout+originateGrace)
	defer cancel()
	id := uuid.NewString()
	text, err := n.command(ctx, "originate", buildOriginate(n.cfg, v, id))
	if err != nil {
		return "", &OriginateError{Node: n.cfg.Name, UUID: id, Sent: !errors.Is(err, ErrNodeDown) && !errors.Is(err, ErrUnsafeCommand), Err: err}
	}
	got, cause, err := parseOriginateReply(text)
	if err != nil {
		return "", &OriginateError{Cause: cause, Node: n.cfg.Name, UUID: id, Sent: true, Err: err}
	}
	return got, nil
}

// parseOriginateReply reads "+OK <uuid>" or "-ERR <CAUSE>". The uuid of the reply counts: FreeSWITCH silently takes another one
// than asked for when that is in use.
func parseOriginateReply(text string) (id, cause string, err error) {
	text = strings.TrimSuffix(text, "\n")
	if rest, ok := strings.CutPrefix(text, "+OK "); ok {
		if id, err := ParseCallID(rest); err == nil {
			return id, "", nil
		}
		return "", "", fmt.Errorf("%w: %w", ErrUnknownOutcome, ErrBadReply)
	}
	switch err := replyError(text); {
	case err == nil, errors.Is(err, ErrBadReply):
		return "", "", fmt.Errorf("%w: %w", ErrUnknownOutcome, ErrBadReply)
	case errors.Is(err, ErrRefused):
		cause = strings.TrimPrefix(text, "-ERR ")
		if cause == "" || strings.Trim(cause, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			cause = "UNKNOWN"
		}
		return "", cause, err
	default:
		return "", "", err
	}
}
