package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

// doc is what the OpenAPI document says about a route. Fields are written
// "name:type", with "!" behind those that must be there; the types are string,
// boolean, integer, object and strings.
type doc struct {
	sum   string
	query string
	// body is "*" for one that is no JSON.
	body string
	// out is a value of the type that is answered; nil for 204, a stream for
	// server-sent events.
	out any
}

// object is a JSON object in the making.
type object = map[string]any

// OpenAPI returns the document of the API in OpenAPI 3.1, made from the same table
// that routes.
func OpenAPI() ([]byte, error) {
	types := &typeSchemas{components: object{
		"Error": object{
			"type": "object", "required": []string{"error"},
			"properties": object{
				"error": object{"type": "string"}, "id": object{"type": "string", "description": "the error's id in the log"},
				"violations": object{"type": "array", "items": object{"$ref": "#/components/schemas/Violation"}},
			},
		},
	}, names: map[reflect.Type]string{}}
	types.of(reflect.TypeFor[Violation]())
	paths := map[string]object{}
	for _, r := range routes() {
		path := parameter.ReplaceAllString(r.path, "{$1}")
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path][strings.ToLower(r.method)] = r.operation(types)
	}
	text, err := json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Patchbay administration API", "version": "1",
			"description": "Every route needs a token of POST /login, or of the panel's users, as Authorization: Bearer. Changes are audited. ETag and If-Match keep two people from overwriting each other.",
		},
		"servers": []object{{"url": Prefix}},
		"paths":   paths,
		"components": object{
			"schemas":         types.components,
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer"}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("document of the administration API: %w", err)
	}
	return text, nil
}

func (a *API) openapi(c *call) (any, error) {
	text, err := a.document()
	if err != nil {
		return nil, err
	}
	return json.RawMessage(text), nil
}

var parameter = regexp.MustCompile(`:([a-z0-9]+)`)

func (r route) operation(types *typeSchemas) object {
	out := object{"summary": r.doc.sum, "operationId": operationID(r), "x-role": r.least, "responses": r.responses(types)}
	if r.least == everybody {
		out["security"] = []object{}
	} else {
		out["security"] = []object{{"bearer": []string{}}}
	}
	var parameters []object
	for _, m := range parameter.FindAllStringSubmatch(r.path, -1) {
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, f := range parseFields(r.doc.query) {
		parameters = append(parameters, object{"name": f.name, "in": "query", "required": f.required, "schema": f.schema()})
	}
	if r.method != get && r.least != everybody && !r.own {
		parameters = append(parameters, object{"name": fiber.HeaderIfMatch, "in": "header", "schema": object{"type": "string"}, "description": "the ETag of what was shown, or *"})
	}
	if len(parameters) > 0 {
		out["parameters"] = parameters
	}
	switch r.doc.body {
	case "":
	case "*":
		out["requestBody"] = object{"required": true, "content": object{
			"application/wasm":    object{},
			"multipart/form-data": object{"schema": object{"type": "object", "properties": object{"file": object{"type": "string"}, "signature": object{"type": "string"}}}},
		}}
	default:
		properties, required := object{}, []string{}
		for _, f := range parseFields(r.doc.body) {
			properties[f.name] = f.schema()
			if f.required {
				required = append(required, f.name)
			}
		}
		out["requestBody"] = object{"required": len(required) > 0, "content": object{fiber.MIMEApplicationJSON: object{
			"schema": object{"type": "object", "properties": properties, "required": required, "additionalProperties": false},
		}}}
	}
	return out
}

func (r route) responses(types *typeSchemas) object {
	out := object{"default": object{"description": "refused", "content": object{fiber.MIMEApplicationJSON: object{"schema": object{"$ref": "#/components/schemas/Error"}}}}}
	switch r.doc.out.(type) {
	case nil:
		out["204"] = object{"description": "done"}
	case stream:
		out["200"] = object{"description": "events", "content": object{"text/event-stream": object{}}}
	case download:
		out["200"] = object{"description": "the file", "content": object{"text/csv": object{}, sheet.XLSX.ContentType(): object{}}}
	case json.RawMessage:
		out["200"] = object{"description": "this document", "content": object{fiber.MIMEApplicationJSON: object{}}}
	default:
		schema := types.of(reflect.TypeOf(r.doc.out))
		out["2XX"] = object{"description": http.StatusText(http.StatusOK), "content": object{fiber.MIMEApplicationJSON: object{"schema": schema}}}
	}
	return out
}

// operationID is "getModulesNameSettings" for GET /modules/:name/settings.
func operationID(r route) string {
	id := strings.ToLower(r.method)
	for _, part := range strings.FieldsFunc(r.path, func(c rune) bool { return c == '/' || c == ':' || c == '-' || c == '.' }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// field is one declared field of a body or a query.
type field struct {
	name, kind string
	required   bool
}

func parseFields(text string) []field {
	var out []field
	for word := range strings.FieldsSeq(text) {
		name, kind, _ := strings.Cut(word, ":")
		kind, required := strings.CutSuffix(kind, "!")
		out = append(out, field{name, kind, required})
	}
	return out
}

func (f field) schema() object {
	if f.kind == "strings" {
		return object{"type": "array", "items": object{"type": "string"}}
	}
	return object{"type": f.kind}
}

// Documented is one route with the fields of its body, for tests that compare the
// document with what the handlers do.
type Documented struct {
	Access
	Fields, Required []string
}

// Declared lists what the document says about bodies.
func Declared() []Documented {
	var out []Documented
	for _, r := range routes() {
		d := Documented{Access: Access{r.method, r.path, auth.Role(r.least)}}
		if r.doc.body == "*" {
			continue
		}
		for _, f := range parseFields(r.doc.body) {
			d.Fields = append(d.Fields, f.name)
			if f.required {
				d.Required = append(d.Required, f.name)
			}
		}
		out = append(out, d)
	}
	return out
}
