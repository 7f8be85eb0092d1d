// Package params turns what an integrator sent into the parameters of an action:
// parsed once, checked once, and never looked at again on the way to the plugin.
//
// The result is a MessagePack map of the known parameters in the order of the
// action's schema. Old integrations are met half way: the Content-Type is not
// believed, numbers may come as strings and the other way round, an optional
// parameter may be sent empty, and unknown parameters are ignored but listed.
package params

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Bounds of a request's shape; its size is bounded by the server.
const (
	maxDepth       = 32
	maxUnknown     = 32 // names of unknown parameters that are listed
	maxUnknownName = 64 // characters of each
)

// Options of [Compile].
type Options struct {
	// Region is the country of telephone numbers without a country code, as
	// ISO 3166-1 alpha-2: "RU", which is also what empty means.
	Region string
}

// Checker checks the parameters of one action. It is immutable and safe for
// concurrent use.
type Checker struct {
	params   []schema.Property
	index    map[string]int
	required []string
	region   string
}

// Result is an accepted request.
type Result struct {
	// Params holds the known parameters that are given or have a default, coerced,
	// in the order of the schema. It is a map, an empty one at least.
	Params abi.Value
	// Derived holds what was learned on the way, by parameter name; missing when
	// nothing was. See [abi.Request].
	Derived abi.Value
	// Unknown lists the names of ignored parameters: at most 32, at most 64
	// characters each, control characters replaced.
	Unknown []string
	// Buffer is the caller's dst grown by Params and Derived, which borrow from
	// it: it may be reused once they are not needed any more.
	Buffer []byte
}

// Compile prepares the parameters of an action.
//
// # Errors
//
// An unknown region, or parameters that the manifest's lint would have refused.
func Compile(action *manifest.Action, o Options) (*Checker, error) {
	if o.Region == "" {
		o.Region = "RU"
	}
	if !knownRegion(o.Region) {
		return nil, fmt.Errorf("action %s: unknown region %q, use an ISO 3166-1 code such as RU", action.Name, o.Region)
	}
	c := &Checker{region: o.Region, index: map[string]int{}}
	if action.Params == nil {
		return c, nil
	}
	if action.Params.Type != schema.Object || action.Params.OneOf != nil {
		return nil, fmt.Errorf("action %s: params must be an object schema without branches", action.Name)
	}
	c.params, c.required = action.Params.Properties(), action.Params.Required
	for i, p := range c.params {
		c.index[p.Name] = i
	}
	return c, nil
}

// scratch is what one request is parsed into. It is pooled rather than on the
// stack: a request that waits for an upstream keeps the stack that its deepest
// call needed.
type scratch struct {
	raw   []byte
	found []abi.Value // by index of the parameter, borrowed from raw
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

const maxKept = 64 << 10 // larger buffers are left to the collector

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	errNoObject   = errors.New("the body is not a JSON object")
	errTwice      = errors.New("given more than once")
)

// Body checks the body of a POST. An empty body is an object without parameters.
// Whatever the Content-Type says, the body must be a JSON object; only multipart
// is refused by its type. dst may be nil; body is not kept.
//
// The problem is one of 415, 420 Invalid JSON!, 419 Empty <name>! (the first in
// the order of `required`, before anything else is looked at) and 422
// Invalid <name>! (the first in the order of the schema).
func (c *Checker) Body(dst, body []byte, contentType string) (Result, *problem.Problem) {
	if isMultipart(contentType) {
		return Result{}, problem.UnsupportedType()
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	room := scratches.Get().(*scratch)
	defer room.release()
	raw, err := transcode.FromJSON(room.raw[:0], body, transcode.Options{MaxDepth: maxDepth})
	if err != nil {
		return Result{}, problem.InvalidJSON(err)
	}
	room.raw = raw
	if abi.Value(raw).Kind() != abi.Map {
		return Result{}, problem.InvalidJSON(errNoObject)
	}
	return c.check(dst, room)
}

// Query checks the query string of a GET, without the question mark. A parameter
// that is given more than once is 422, as is text that is no query string.
func (c *Checker) Query(dst []byte, rawQuery string) (Result, *problem.Problem) {
	room := scratches.Get().(*scratch)
	defer room.release()
	raw, err := transcode.FromForm(room.raw[:0], []byte(rawQuery))
	if err != nil {
		return Result{}, problem.Invalid("query", err)
	}
	room.raw = raw
	return c.check(dst, room)
}

func (s *scratch) release() {
	if cap(s.raw) <= maxKept {
		scratches.Put(s)
	}
}

func isMultipart(contentType string) bool {
	const prefix = "multipart/"
	media := strings.TrimSpace(contentType)
	return len(media) >= len(prefix) && strings.EqualFold(media[:len(prefix)], prefix)
}

// check picks the known parameters out of room.raw, a checked map without
// duplicate keys.
func (c *Checker) check(dst []byte, room *scratch) (Result, *problem.Problem) {
	room.found = slices.Grow(room.found[:0], len(c.params))[:len(c.params)]
	found := room.found
	clear(found)
	var unknown []string
	for key, v := range abi.Value(room.raw).Pairs() {
		if i, ok := c.index[string(key)]; !ok {
			unknown = noteUnknown(unknown, key)
		} else if !isEmpty(v) {
			found[i] = v
		}
	}
	for _, name := range c.required {
		if found[c.index[name]] == nil {
			return Result{}, problem.Empty(name)
		}
	}
	return c.write(dst, found, unknown)
}

// learnt is what the host learned about one parameter.
type learnt struct {
	param  string
	number number
}

// write appends the accepted parameters, then what was derived from them.
func (c *Checker) write(dst []byte, found []abi.Value, unknown []string) (Result, *problem.Problem) {
	n := 0
	for i := range c.params {
		if found[i] != nil || len(c.params[i].Schema.Default) > 0 {
			n++
		}
	}
	start := len(dst)
	dst = abi.AppendMap(dst, n)
	var room [4]learnt
	learned := room[:0]
	for i := range c.params {
		p := &c.params[i]
		v := found[i]
		if v == nil {
			if len(p.Schema.Default) > 0 {
				dst = append(abi.AppendString(dst, p.Name), p.Schema.Default...)
			}
			continue
		}
		dst = abi.AppendString(dst, p.Name)
		at := len(dst)
		var err error
		var phone number
		if dst, phone, err = c.appendParam(dst, p.Schema, v); err == nil {
			err = p.Schema.Validate(dst[at:])
		}
		if err != nil {
			return Result{}, problem.Invalid(p.Name, err)
		}
		if phone.e164 != "" {
			learned = append(learned, learnt{p.Name, phone})
		}
	}
	end := len(dst)
	if len(learned) > 0 {
		dst = abi.AppendMap(dst, len(learned))
		for _, l := range learned {
			dst = l.number.append(abi.AppendString(dst, l.param))
		}
	}
	return Result{
		Params:  abi.Value(dst[start:end:end]),
		Derived: abi.Value(dst[end:len(dst):len(dst)]),
		Unknown: unknown,
		Buffer:  dst,
	}, nil
}

// isEmpty reports whether a parameter counts as not given: null, or a string
// without anything visible.
func isEmpty(v abi.Value) bool {
	return !v.Exists() || v.Kind() == abi.String && len(bytes.TrimSpace(v.Bytes())) == 0
}

func noteUnknown(all []string, key []byte) []string {
	if len(all) == maxUnknown {
		return all
	}
	name, n := make([]byte, 0, min(len(key), 4*maxUnknownName)), 0
	for _, r := range string(key) {
		if n++; n > maxUnknownName {
			break
		}
		if isControl(r) {
			r = utf8.RuneError
		}
		name = utf8.AppendRune(name, r)
	}
	return append(all, string(name))
}
