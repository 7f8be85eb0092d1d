package httpcall

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// refusal is something outside the grant; the text says how to grant it.
type refusal struct{ text string }

func (e *refusal) Error() string { return e.text }

// badRequest is a request that cannot be sent.
type badRequest struct{ field, text string }

func (e *badRequest) Error() string { return e.field + ": " + e.text }

// tooLarge is a message over its limit; ours when it is the guest's request.
type tooLarge struct {
	text string
	ours bool
}

func (e *tooLarge) Error() string { return e.text }

// badLocation is a redirect to nowhere.
type badLocation struct{ err error }

func (e *badLocation) Error() string { return "redirected to a bad URL: " + e.err.Error() }
func (e *badLocation) Unwrap() error { return e.err }

// crowded means that the answers of all instances fill the memory set aside.
type crowded struct{ text string }

func (e *crowded) Error() string { return e.text }

const maxDetail = 1 << 10

// failure turns an error into what the guest and the log get. redirected says
// that the upstream led to where it happened.
func (c *Client) failure(err error, sent, redirected bool) *abi.Error {
	f := &abi.Error{Code: abi.CodeUnavailable, Message: c.name, Source: abi.SourceUpstream, Detail: err.Error(), Sent: sent}
	var (
		refused *refusal
		bad     *badRequest
		large   *tooLarge
		full    *crowded
		network net.Error
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &refused):
		f.Code = abi.CodeDenied
		if !redirected {
			f.Source = abi.SourcePlugin
		}
		c.log.Warn("http request refused", "instance", c.name, "reason", refused.text, "redirected", redirected)
	case errors.As(err, &bad):
		f.Code, f.Message, f.Source = abi.CodeInvalid, bad.field, abi.SourcePlugin
	case errors.As(err, &large) && large.ours:
		f.Code, f.Source = abi.CodeTooLarge, abi.SourcePlugin
	case large != nil:
		// Not 413: the caller sent nothing large.
		f.Code, f.Status = abi.CodeTooLarge, 502
	case errors.As(err, &full):
		f.Code, f.Source, f.RetryMS = abi.CodeBusy, abi.SourceHost, 1000
	case errors.Is(err, errClosed):
		f.Source = abi.SourceHost
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.Code = abi.CodeTimeout
	case errors.As(err, &unknown):
		f.Detail += "; if it is a private authority, add its certificate to the gateway's CA file"
	case errors.As(err, &network) && network.Timeout():
		f.Code = abi.CodeTimeout
	}
	if len(f.Detail) > maxDetail {
		f.Detail = f.Detail[:maxDetail]
	}
	// Upstreams have a say in some errors.
	f.Detail = strings.ToValidUTF8(f.Detail, "\uFFFD")
	return f
}
