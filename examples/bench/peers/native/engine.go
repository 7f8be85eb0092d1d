package main

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
	"github.com/patchbay-gw/patchbay/examples/bench/work"
)

// engine is the work as Go code. It asks the upstream with the fastest client
// there is for Fiber, which keeps its connections.
type engine struct {
	url    string
	client *fasthttp.HostClient
}

var _ pipeline.Engine = (*engine)(nil)

// patience is how long the upstream may take, as for the plugin's action.
const patience = time.Minute

func newEngine(upstream string) *engine {
	return &engine{
		url: "http://" + upstream + "/",
		client: &fasthttp.HostClient{
			Addr: upstream, MaxConns: 1 << 16, MaxIdleConnDuration: time.Minute, ReadTimeout: patience, WriteTimeout: patience,
			NoDefaultUserAgentHeader: true,
		},
	}
}

func (e *engine) Estimate(q pipeline.SMS) ([]byte, error) {
	answer, _, ok := work.Answer(make([]byte, 0, 96), q.Phone, q.Message)
	if !ok {
		return nil, pipeline.ErrPhone
	}
	return answer, nil
}

func (e *engine) Submit(q pipeline.SMS) ([]byte, error) {
	answer, number, ok := work.Answer(make([]byte, 0, 128), q.Phone, q.Message)
	if !ok {
		return nil, pipeline.ErrPhone
	}
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(e.url)
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType("text/plain; charset=utf-8")
	request.Header.Set("X-Phone", number.E164)
	request.SetBodyString(q.Message)
	if err := e.client.DoTimeout(request, response, patience); err != nil {
		return nil, fmt.Errorf("%w: %w", pipeline.ErrUpstream, err)
	}
	if response.StatusCode() != fasthttp.StatusOK {
		return nil, fmt.Errorf("%w: status %d", pipeline.ErrUpstream, response.StatusCode())
	}
	return pipeline.WithAnswer(answer, string(response.Body()))
}
