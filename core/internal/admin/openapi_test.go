package admin_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// TestTheDocumentIsComplete: every route is in the document, and nothing else; every
// reference leads somewhere; every operation has its own id.
func TestTheDocumentIsComplete(t *testing.T) {
	text, err := admin.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Summary   string         `json:"summary"`
			ID        string         `json:"operationId"`
			Role      string         `json:"x-role"`
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	ids := map[string]bool{}
	for _, row := range admin.Table() {
		path := regexp.MustCompile(`:([a-z0-9]+)`).ReplaceAllString(row.Path, "{$1}")
		key := row.Method + " " + path
		if served[key] {
			t.Errorf("%s is routed twice", key)
		}
		served[key] = true
		o, ok := d.Paths[path][strings.ToLower(row.Method)]
		switch {
		case !ok:
			t.Errorf("%s is not documented", key)
		case o.Summary == "" || o.Role != string(row.Role) || len(o.Responses) < 2:
			t.Errorf("%s: %+v", key, o)
		case ids[o.ID]:
			t.Errorf("%s: the id %s is taken", key, o.ID)
		}
		ids[o.ID] = true
	}
	for path, methods := range d.Paths {
		for method := range methods {
			if !served[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s is documented and not routed", method, path)
			}
		}
	}
	for _, m := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllSubmatch(text, -1) {
		if d.Components.Schemas[string(m[1])] == nil {
			t.Errorf("%s leads nowhere", m[0])
		}
	}
	if len(served) < 70 || len(d.Components.Schemas) < 40 || d.OpenAPI != "3.1.0" {
		t.Errorf("%d routes, %d schemas: the test would prove little", len(served), len(d.Components.Schemas))
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range d.Components.Schemas {
			if !yield(name) {
				return
			}
		}
	})
	for _, name := range names {
		if !regexp.MustCompile(`^[A-Z][A-Za-z_]+$`).MatchString(name) {
			t.Errorf("schema %q has no name for other languages", name)
		}
	}
}
