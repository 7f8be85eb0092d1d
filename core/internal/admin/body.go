package admin

import (
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/netip"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// maxBody bounds the body of a request, in bytes, and with it what one request
// can make the journal and the state hold.
const maxBody = 256 << 10

// fields says how to read the keys of an object; any other key is refused.
type fields map[string]reader

// reader reads one value into where it belongs, or reports what is wrong.
type reader = func(*decoder, *jsontree.Node)

// decoder reads a request's body strictly and collects every mistake with its
// place.
type decoder struct{ violations []Violation }

// fault notes a mistake. rule is a keyword of the schema dialect, or a word of our own;
// see [Violation].
func (d *decoder) fault(n *jsontree.Node, rule, want, message string) {
	d.violations = append(d.violations, Violation{Pointer: n.Pointer, Message: message, Code: rule, Want: want})
}

// kind notes a value of another kind than wanted.
func (d *decoder) kind(n *jsontree.Node, want, words string) {
	d.fault(n, "type", want, "must be "+words+", not "+n.Kind.String())
}

// decode reads a body. An empty one is an empty object. required keys must be
// there and not be null.
//
// # Errors
//
// 413 and 415 as a [*problem.Problem], 400 for what is no JSON object and 422 for
// wrong fields as a [*Rejection].
func decode(contentType string, body []byte, f fields, required ...string) error {
	if len(body) > maxBody {
		return problem.TooLarge()
	}
	if media, _, err := mime.ParseMediaType(contentType); len(body) > 0 && (err != nil || media != "application/json") {
		return problem.UnsupportedType()
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	root, err := jsontree.Parse(body)
	if err == nil && root.Kind != jsontree.Object {
		err = fmt.Errorf("want an object, not %s", root.Kind)
	}
	if err != nil {
		var issue jsontree.Issue
		v := Violation{Message: err.Error()}
		if errors.As(err, &issue) {
			v.Pointer = issue.Pointer
		}
		return &Rejection{&problem.Problem{Status: http.StatusBadRequest, Text: "Invalid JSON!"}, []Violation{v}}
	}
	d := &decoder{}
	d.object(root, f, required...)
	if len(d.violations) > 0 {
		return Reject("request", d.violations...)
	}
	return nil
}

func (d *decoder) object(n *jsontree.Node, f fields, required ...string) {
	if n.Kind != jsontree.Object {
		d.kind(n, "object", "an object")
		return
	}
	for _, m := range n.Members {
		read, known := f[m.Key]
		switch {
		case !known:
			d.fault(m.Value, "additionalProperties", "", "there is no such field")
		case m.Value.Kind == jsontree.Null && slices.Contains(required, m.Key): // reported below
		default:
			read(d, m.Value)
		}
	}
	for _, name := range required {
		if v := n.Get(name); v == nil || v.Kind == jsontree.Null {
			d.violations = append(d.violations, Violation{Pointer: n.Pointer + "/" + jsontree.Escape(name), Message: "is required", Code: "required"})
		}
	}
}

func str(to *string) reader {
	return func(d *decoder, n *jsontree.Node) {
		if n.Kind != jsontree.String {
			d.kind(n, "string", "a string")
			return
		}
		*to = n.Text
	}
}

// maybe reads an optional field into a pointer, which stays nil when the field
// is left out.
func maybe[T any](to **T, read func(*T) reader) reader {
	return func(d *decoder, n *jsontree.Node) {
		*to = new(T)
		read(*to)(d, n)
	}
}

func boolean(to *bool) reader {
	return func(d *decoder, n *jsontree.Node) {
		if n.Kind != jsontree.Bool {
			d.kind(n, "boolean", "true or false")
			return
		}
		*to = n.Bool
	}
}

func integer(to *int64, low, high int64) reader {
	return func(d *decoder, n *jsontree.Node) {
		i, ok := n.Int()
		if !ok || int64(i) < low || int64(i) > high {
			d.fault(n, "range", fmt.Sprintf("%d…%d", low, high), fmt.Sprintf("must be a whole number from %d to %d", low, high))
			return
		}
		*to = int64(i)
	}
}

func number(to *float64) reader {
	return func(d *decoder, n *jsontree.Node) {
		f, ok := n.Float()
		if !ok || f < 0 || f > math.MaxInt32 {
			d.fault(n, "minimum", "0", "must be a number that is not negative")
			return
		}
		*to = f
	}
}

func each[T any](to *[]T, read func(*T) reader) reader {
	return func(d *decoder, n *jsontree.Node) {
		if n.Kind != jsontree.Array {
			d.kind(n, "array", "a list")
			return
		}
		*to = make([]T, len(n.Elements))
		for i, e := range n.Elements {
			read(&(*to)[i])(d, e)
		}
	}
}

// network reads "10.0.0.0/8" or a single address.
func network(to *netip.Prefix) reader {
	return func(d *decoder, n *jsontree.Node) {
		var text string
		str(&text)(d, n)
		if n.Kind != jsontree.String {
			return
		}
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			a = a.Unmap()
			*to = netip.PrefixFrom(a, a.BitLen())
			return
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			d.fault(n, "network", "", "must be an address or a network such as 10.0.0.0/8")
			return
		}
		*to = p
	}
}

func limits(to *auth.Limits) reader {
	return func(d *decoder, n *jsontree.Node) {
		*to = auth.Limits{}
		d.object(n, fields{
			"all": rate(&to.All),
			"actions": func(d *decoder, n *jsontree.Node) {
				if n.Kind != jsontree.Object {
					d.kind(n, "object", "an object")
					return
				}
				to.Actions = map[string]auth.Rate{}
				for _, m := range n.Members {
					var r auth.Rate
					rate(&r)(d, m.Value)
					to.Actions[m.Key] = r
				}
			},
		})
	}
}

func rate(to *auth.Rate) reader {
	return func(d *decoder, n *jsontree.Node) {
		var burst int64
		d.object(n, fields{"per_second": number(&to.PerSecond), "burst": integer(&burst, 0, 1_000_000)}, "per_second")
		to.Burst = int(burst)
	}
}

// values reads an object of any shape.
func values(to *map[string]any) reader {
	return func(d *decoder, n *jsontree.Node) {
		if n.Kind != jsontree.Object {
			d.kind(n, "object", "an object")
			return
		}
		v, err := transcode.ToAny(n.Value())
		m, ok := v.(map[string]any)
		if err != nil || !ok {
			d.fault(n, "type", "object", "cannot be read")
			return
		}
		*to = m
	}
}
