package esl

import "errors"

var (
	// ErrProtocol means that the peer sent bytes that are not the event socket protocol.
	ErrProtocol = errors.New("not the event socket protocol")
	// ErrRejected means that FreeSWITCH refused our address (apply-inbound-acl).
	ErrRejected = errors.New("refused by the access list of FreeSWITCH (apply-inbound-acl); allow this host there")
	// ErrAuth means that the password, or the user with it, was not accepted.
	ErrAuth = errors.New("the event socket password was not accepted; check user and password")
	// ErrDisconnected means that FreeSWITCH took leave with a disconnect notice.
	ErrDisconnected = errors.New("FreeSWITCH closed the connection")
	// ErrShutdown is the ErrDisconnected of a FreeSWITCH that is going down.
	ErrShutdown = errors.New("FreeSWITCH is shutting down")
	// ErrClosed means that our side closed the connection.
	ErrClosed = errors.New("connection closed")
	// ErrOutOfStep means that an answer arrived that no command had asked for, or the wrong kind of answer.
	ErrOutOfStep = errors.New("the peer's answers are out of step with our commands")
	// ErrUnsafeCommand means that a command held CR, LF or NUL. Nothing was sent.
	ErrUnsafeCommand = errors.New("command holds a line break or NUL; nothing was sent")
)

// SendError is what Conn.Do returns when there is no answer.
type SendError struct {
	// Sent tells that the whole command may have reached FreeSWITCH and may have been carried out.
	Sent bool
	Err  error
}

func (e *SendError) Error() string {
	if e.Sent {
		return "no answer to a command that was sent: " + e.Err.Error()
	}
	return "command was not sent: " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *SendError) Unwrap() error { return e.Err }
