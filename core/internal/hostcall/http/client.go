package httpcall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Parsers turn bodies of answers into [abi.Value]s. Each appends one value to
// dst and returns it extended; on an error dst's contents beyond its length are
// unspecified. They must bound nesting to [abi.MaxDepth].
type Parsers interface {
	JSON(dst, src []byte) ([]byte, error)
	XML(dst, src []byte) ([]byte, error)
	Form(dst, src []byte) ([]byte, error)
}

// Limits of one instance; zeros mean the defaults given with them.
type Limits struct {
	// Total bounds one exchange with its redirects: 60 s. A request may ask for
	// less and the context may end earlier.
	Total time.Duration
	// Request bounds the body of a request: 4 MiB.
	Request int
	// Answer bounds the body of an answer, after it was inflated: 8 MiB. A request
	// may ask for less.
	Answer int
	// InFlight bounds the exchanges at once: 2,048. The next ones wait.
	InFlight int
}

// Options of a [Client].
type Options struct {
	// Name of the instance, "mts-main": named in errors and towards the caller.
	Name    string
	Grant   Grant
	Limits  Limits
	Pool    *Pool
	Parsers Parsers
	Logger  hclog.Logger
}

// Client performs the exchanges of one plugin instance. It is safe for
// concurrent use. It holds nothing that needs closing: to change a grant, make
// another Client.
type Client struct {
	name      string
	rules     *rules
	plaintext bool
	limits    Limits
	pool      *Pool
	carrier   *carrier
	parsers   Parsers
	log       hclog.Logger
	slots     chan struct{}
	urls      urls
}

// New returns a client.
//
// # Errors
//
// An element of Grant.Hosts is not acceptable; a limit is negative or beyond
// [abi.MaxMessage]; Pool, Parsers, Logger or Name is missing.
func New(o Options) (*Client, error) {
	if o.Pool == nil || o.Parsers == nil || o.Logger == nil || o.Name == "" {
		return nil, errors.New("http capability: Name, Pool, Parsers and Logger are required")
	}
	r, err := compile(o.Grant.Hosts)
	if err != nil {
		return nil, err
	}
	l := o.Limits
	if min(l.Request, l.Answer, l.InFlight) < 0 || l.Total < 0 || max(l.Request, l.Answer) > abi.MaxMessage {
		return nil, fmt.Errorf("http capability: limits must not be negative nor beyond %d bytes", abi.MaxMessage)
	}
	l.Total = cmp.Or(l.Total, 60*time.Second)
	l.Request = cmp.Or(l.Request, 4<<20)
	l.Answer = cmp.Or(l.Answer, 8<<20)
	l.InFlight = cmp.Or(l.InFlight, 2048)
	return &Client{
		name: o.Name, rules: r, plaintext: o.Grant.Plaintext, limits: l, pool: o.Pool,
		carrier: o.Pool.carrier(o.Grant.Private), parsers: o.Parsers, log: o.Logger,
		slots: make(chan struct{}, l.InFlight),
	}, nil
}

// InFlight returns the number of exchanges under way, waiting ones excluded.
func (c *Client) InFlight() int { return len(c.slots) }

// Fetch performs the [abi.HTTPRequest] in request and appends the answer, an
// [abi.HTTPResponse] or an [abi.Error] as [abi.AppendAnswer] writes them, to
// dst. It returns when the exchange is over or ctx ends, whichever is first.
// request is borrowed during the call; the returned slice is the caller's.
//
// # Errors
//
// Denied: outside the grant; Detail says what to grant. Invalid: the request
// itself; Message names the part. TooLarge, Busy (answers fill the memory set
// aside for them), Timeout, Unavailable: as in [abi]. Sent is false only when
// not a byte of the request, nor of one redirected from, can have left.
func (c *Client) Fetch(ctx context.Context, request, dst []byte) []byte {
	q, err := c.decode(request)
	if err != nil {
		return abi.AppendAnswer(dst, c.failure(err, false, false), nil)
	}
	x := &exchange{client: c, query: q, deadline: time.Now().Add(q.timeout)}
	if end, ok := ctx.Deadline(); ok && end.Before(x.deadline) {
		x.deadline = end
	}
	if err := c.acquire(ctx, x.deadline); err != nil {
		return abi.AppendAnswer(dst, c.failure(err, false, false), nil)
	}
	defer func() { <-c.slots }()
	out, err := x.run(ctx, dst)
	if err != nil {
		return abi.AppendAnswer(dst, c.failure(err, x.sent, x.hops > 0), nil)
	}
	return out
}

// acquire waits for a free slot.
func (c *Client) acquire(ctx context.Context, deadline time.Time) error {
	if c.pool.closed.Load() {
		return errClosed
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	default:
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waited while %d exchanges were in flight: %w", c.limits.InFlight, ctx.Err())
	}
}

// admit checks a hop against the grant.
func (c *Client) admit(t target) error {
	if !c.rules.allow(t) {
		return &refusal{fmt.Sprintf("%s is outside the http grant of %q; to allow it, add %q to hosts in the grant", t, c.name, t)}
	}
	if t.scheme == "http" && !c.plaintext {
		return &refusal{fmt.Sprintf("http://%s is not encrypted; use https, or allow plaintext in the http grant of %q", t, c.name)}
	}
	return nil
}
