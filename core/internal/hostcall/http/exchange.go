package httpcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const maxRedirects = 5

// exchange is one request with the redirects that it meets.
type exchange struct {
	client   *Client
	query    *query
	deadline time.Time
	hops     int  // redirects followed so far
	sent     bool // a byte of a request may have left
}

// run performs the exchange and appends the answer to dst.
func (x *exchange) run(ctx context.Context, dst []byte) ([]byte, error) {
	for {
		if err := x.client.admit(x.query.to); err != nil {
			return nil, err
		}
		resp, err := x.hop(ctx)
		if err != nil {
			return nil, err
		}
		follow, err := x.query.redirect(resp)
		if err == nil && follow && x.hops == maxRedirects {
			err = errRedirects
		}
		if err != nil {
			discard(resp)
			return nil, err
		}
		if !follow {
			return x.answer(resp, dst)
		}
		discard(resp)
		x.hops++
	}
}

// hop sends the request and returns its answer. A request that a kept connection
// lost is sent again on a new one, if it cannot have arrived or may arrive twice.
func (x *exchange) hop(ctx context.Context) (*http.Response, error) {
	for again := false; ; again = true {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := x.client.carrier.connection(ctx, x.deadline, x.query.to, again)
		if err != nil {
			return nil, err
		}
		kept := c.kept
		resp, sent, err := x.launch(ctx, c)
		x.sent = x.sent || sent
		if _, lost := errors.AsType[*brokeOff](err); !lost || !kept {
			return resp, err
		}
		if sent && !x.query.repeatable() {
			return nil, fmt.Errorf("%w: %w", errNotRepeated, err)
		}
	}
}

var (
	errNotRepeated = errors.New("not repeated, because the request may have arrived")
	errRedirects   = errors.New("redirected more than 5 times")
	errClosed      = errors.New("the gateway is shutting down")
	errDescriptors = errors.New("no connection is free: the limit of open files is reached")
)

// redirect prepares the next hop. It returns false when resp is the answer.
func (q *query) redirect(resp *http.Response) (follow bool, err error) {
	keep := false // method and body
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		keep = true
	default:
		return false, nil
	}
	location := resp.Header.Get("Location")
	if q.noRedirect || location == "" {
		return false, nil
	}
	u, to, err := parseURL(q.url, location)
	if err != nil {
		return false, &badLocation{err}
	}
	if q.to.scheme == "https" && to.scheme == "http" {
		return false, &refusal{"a redirect leads from https to http; to see it instead of following it, set no_redirect"}
	}
	header := q.header[:0]
	for _, f := range q.header {
		if (keep || !describesBody(f.name)) && (q.to.sameOrigin(to) || isHarmless(f.name)) {
			header = append(header, f)
		}
	}
	if !keep {
		q.body = nil
		if q.method != http.MethodHead {
			q.method = http.MethodGet
		}
	}
	q.url, q.to, q.header = u, to, header
	return true, nil
}

// discard reads a short body that nobody needs, so that the connection can be
// used again, and closes it.
func discard(resp *http.Response) {
	if n := resp.ContentLength; n >= 0 && n <= 4<<10 {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	resp.Body.Close()
}
