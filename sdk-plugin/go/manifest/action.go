package manifest

import (
	"mime"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

func (d *decoder) action(n *node) {
	var a Action
	ok := d.object(n, fields{
		"name":          d.str(&a.Name, d.shape(actionShape, "a letter, then letters and digits; at most 64")),
		"title":         d.text(&a.Title),
		"summary":       d.text(&a.Summary),
		"methods":       d.strs(&a.Methods, d.oneOf("POST", "GET")),
		"per_instance":  d.str(&a.PerInstance),
		"safe":          d.boolean(&a.Safe),
		"idempotent":    d.boolean(&a.Idempotent),
		"params":        d.schema(&a.Params, d.isObject, d.isFlat, d.descriptions),
		"response":      d.schema(&a.Response),
		"response_type": d.str(&a.ResponseType, d.mediaType),
		"errors":        d.each(func(n *node) { d.errorText(n, &a) }),
		"examples":      d.each(func(n *node) { d.example(n, &a) }),
		"rate":          d.str(&a.Rate, d.rate),
		"spends":        func(n *node) { d.spends(n, &a) },
		"timeout_ms":    d.integer(&a.TimeoutMS, 1, MaxTimeoutMS),
	}, "name", "title", "summary")
	if !ok {
		return
	}
	if a.Methods == nil {
		a.Methods = []string{"POST"}
	}
	if a.ResponseType == "" {
		a.ResponseType = jsonType
	}
	d.wholeAction(n, &a)
	d.m.Actions = append(d.m.Actions, a)
}

const jsonType = "application/json"

func (d *decoder) wholeAction(n *node, a *Action) {
	if a.Name != "" && d.m.Action(a.Name) != nil {
		d.fault(n.Get("name"), "", "the action %q is there twice", a.Name)
	}
	if at := n.Get("methods"); at != nil && at.Kind == jsontree.Array && len(at.Elements) == 0 {
		d.fault(at, `["POST"] or ["POST", "GET"]`, "an action needs a method")
	}
	if a.Allows("GET") {
		if !a.Safe {
			d.fault(n.Get("methods"), `add "safe": true or take GET out`, "only safe actions answer GET")
		}
		for _, p := range a.Params.Properties() {
			if p.Schema.Type == schema.Object || p.Schema.Type == schema.Array {
				d.fault(n.Get("params"), "take GET out of the methods", "the parameter %q cannot stand in a query", p.Name)
			}
		}
	}
	if a.Response != nil && a.ResponseType != jsonType {
		d.fault(n.Get("response"), "remove it", "only JSON answers have a schema, this one is %s", a.ResponseType)
	}
	if n.Get("params") != nil && a.Params == nil || n.Get("response") != nil && a.Response == nil {
		return // unsound schemas would only make the examples look wrong, too
	}
	d.wholeSpends(n.Get("spends"), a)
	if examples := n.Get("examples"); examples != nil && len(examples.Elements) == len(a.Examples) {
		for i := range a.Examples {
			d.wholeExample(examples.Elements[i], a, &a.Examples[i])
		}
	}
}

func (d *decoder) errorText(n *node, a *Action) {
	var e ErrorText
	d.object(n, fields{
		"status": d.integer(&e.Status, 400, 599),
		"text":   d.str(&e.Text, d.atMost(200)),
		"when":   d.text(&e.When),
	}, "status", "text", "when")
	for _, other := range a.Errors {
		if other.Status == e.Status && other.Text == e.Text && e.Status != 0 {
			d.fault(n, "", "the error %d %q is there twice", e.Status, e.Text)
		}
	}
	a.Errors = append(a.Errors, e)
}

func (d *decoder) example(n *node, a *Action) {
	e := Example{Status: 200}
	d.object(n, fields{
		"title":    d.text(&e.Title),
		"request":  func(n *node) { e.Request = jsontree.AppendValue(nil, n.Value()) },
		"status":   d.integer(&e.Status, 200, 599),
		"response": func(n *node) { e.Response = jsontree.AppendValue(nil, n.Value()) },
	}, "title")
	a.Examples = append(a.Examples, e)
}

// wholeExample checks an example against the schemas and error texts of its
// action.
func (d *decoder) wholeExample(n *node, a *Action, e *Example) {
	request, response := n.Get("request"), n.Get("response")
	if request != nil && request.Kind != jsontree.Object {
		d.fault(request, "", "a request is an object of parameters, not %s", request.Kind)
		return
	}
	if e.Status >= 400 {
		d.failedExample(n, a, e)
		return
	}
	if a.Params != nil {
		v := schemaValue(request)
		if err := a.Params.Validate(v); err != nil {
			d.fault(or(request, n), "change the example or params", "the request does not satisfy params: %v", err)
		}
	}
	for _, m := range members(request) {
		if a.Params.Property(m.Key) == nil {
			d.fault(m.Value, "add it to params", "the action has no parameter %q", m.Key)
		}
	}
	if response == nil {
		return
	}
	if a.ResponseType != jsonType {
		d.fault(response, "remove it", "an answer of type %s has no JSON example", a.ResponseType)
	} else if a.Response != nil {
		if err := a.Response.Validate(response.Value()); err != nil {
			d.fault(response, "change the example or response", "the answer does not satisfy response: %v", err)
		}
	}
}

// failedExample checks that an example of a failure shows a text that the action
// declares, or one of those that the gateway answers for every action.
func (d *decoder) failedExample(n *node, a *Action, e *Example) {
	text := n.Get("response").Get("error")
	if text == nil || text.Kind != jsontree.String {
		d.fault(n, `"response": {"error": "…"}`, "an example with status %d shows its error text", e.Status)
		return
	}
	switch e.Status {
	case 401, 405, 419, 420, 422, 429:
		return
	}
	if !slices.ContainsFunc(a.Errors, func(x ErrorText) bool { return x.Status == e.Status && x.Text == text.Text }) {
		d.fault(text, "add it to errors", "the action has no error %d %q", e.Status, text.Text)
	}
}

func or(a, b *node) *node {
	if a != nil {
		return a
	}
	return b
}

func members(n *node) []jsontree.Member {
	if n == nil {
		return nil
	}
	return n.Members
}

func schemaValue(n *node) []byte {
	if n == nil {
		return []byte{0x80} // the empty map
	}
	return n.Value()
}

func (d *decoder) mediaType(n *node) {
	media, params, err := mime.ParseMediaType(n.Text)
	if err != nil || len(params) > 0 || media != n.Text || !strings.Contains(media, "/") {
		d.fault(n, "a media type in lower case without parameters: audio/wav", "%q is not a media type", n.Text)
	}
}

func (d *decoder) rate(n *node) {
	if _, _, err := ParseRate(n.Text); err != nil {
		d.fault(n, "10/s, 100/m, 1000/h", "%v", err)
	}
}
