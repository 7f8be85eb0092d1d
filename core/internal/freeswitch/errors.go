package freeswitch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
)

var (
	// ErrUnsafeCommand means that a command was refused before the socket: line break, NUL, or a variable to be expanded.
	ErrUnsafeCommand = esl.ErrUnsafeCommand
	// ErrUnknownOutcome means that a command was sent and no answer came: it may have been carried out.
	ErrUnknownOutcome = errors.New("no answer came back: the command may have been carried out")
	// ErrNodeDown means that the node could not be asked. Nothing was sent.
	ErrNodeDown = errors.New("FreeSWITCH node is down")
	// ErrNoNode means that no node could be asked.
	ErrNoNode = errors.New("no FreeSWITCH node is available")
	// ErrUnknownNode means that no node of that name is configured.
	ErrUnknownNode = errors.New("no such FreeSWITCH node")
	// ErrUnknownQueue means that no queue of that name exists on the nodes that answered.
	ErrUnknownQueue = errors.New("no such queue")
	// ErrUnknownCall means that no live call has that uuid.
	ErrUnknownCall = errors.New("no such live call")
	// ErrRefused means that FreeSWITCH answered and refused.
	ErrRefused = errors.New("FreeSWITCH refused the command")
	// ErrPermission means that the event socket user may not run the command (esl-allowed-api).
	ErrPermission = errors.New("event socket user may not run this command (esl-allowed-api)")
	// ErrUsage means that FreeSWITCH did not understand the arguments.
	ErrUsage = errors.New("FreeSWITCH did not accept the arguments")
	// ErrUnknownCommand means that the node does not have the command; its module is not loaded.
	ErrUnknownCommand = errors.New("FreeSWITCH does not know the command; is its module loaded?")
	// ErrBadReply means that FreeSWITCH answered with something that the command never answers.
	ErrBadReply = errors.New("FreeSWITCH gave an unexpected answer")
	// ErrLinkClosed means that the link was closed or not started.
	ErrLinkClosed = errors.New("link to FreeSWITCH is not running")
)

// ValueError refuses one value from outside. Nothing was sent.
type ValueError struct {
	// Field is called_number, caller_number, sip, queue, id, or the name of a variable or setting.
	Field  string
	Reason string
}

func (e *ValueError) Error() string { return "invalid " + e.Field + ": " + e.Reason }

// NodeError is what went wrong on one node.
type NodeError struct {
	Node string
	Err  error
}

func (e NodeError) Error() string { return "node " + e.Node + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e NodeError) Unwrap() error { return e.Err }

// NoNodeError is ErrNoNode with the reason of each node.
type NoNodeError struct{ Nodes []NodeError }

func (e *NoNodeError) Error() string {
	if len(e.Nodes) == 0 {
		return ErrNoNode.Error() + ": none is configured"
	}
	reasons := make([]string, len(e.Nodes))
	for i, n := range e.Nodes {
		reasons[i] = n.Error()
	}
	return ErrNoNode.Error() + ": " + strings.Join(reasons, "; ")
}

// Is makes errors.Is(err, ErrNoNode) true.
func (e *NoNodeError) Is(target error) bool { return target == ErrNoNode }

// Unwrap returns the reasons.
func (e *NoNodeError) Unwrap() []error {
	out := make([]error, len(e.Nodes))
	for i, n := range e.Nodes {
		out[i] = n
	}
	return out
}

// OriginateError tells why there is no call, or that nobody knows.
type OriginateError struct {
	// Cause is FreeSWITCH's word for a refusal, such as USER_BUSY; only capital letters and underscores, otherwise UNKNOWN.
	// It is "" when FreeSWITCH gave no cause.
	Cause string
	Node  string
	// UUID is the id that was asked for; the call, if there is one, normally has it.
	UUID string
	// Sent tells that the command reached FreeSWITCH. With errors.Is(err, ErrUnknownOutcome) the call may have been placed.
	Sent bool
	Err  error
}

func (e *OriginateError) Error() string {
	if e.Cause != "" {
		return fmt.Sprintf("node %s refused the call: %s", e.Node, e.Cause)
	}
	return fmt.Sprintf("call through node %s: %v", e.Node, e.Err)
}

// Unwrap returns ErrRefused for a refusal with a cause, otherwise the reason.
func (e *OriginateError) Unwrap() error { return e.Err }

// replyError turns the error forms of FreeSWITCH into ours; nil when text is not an error. The text itself is never passed on.
func replyError(text string) error {
	switch {
	case strings.HasPrefix(text, "-USAGE"):
		return ErrUsage
	case strings.HasPrefix(text, "-ERR permission denied"):
		return ErrPermission
	case strings.HasPrefix(text, "-ERR ") && strings.HasSuffix(strings.TrimSpace(text), "ommand not found!"),
		strings.TrimSpace(text) == "-ERR command not found":
		return ErrUnknownCommand
	case strings.HasPrefix(text, "-ERR no reply"):
		return ErrBadReply
	case strings.HasPrefix(text, "-ERR"):
		return ErrRefused
	}
	return nil
}
