package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Documents read and write the configuration as a whole. A nil target means all
// modules and provider instances. Errors are those of [Changes].
type Documents interface {
	// Document is what is in force, secrets hidden, with the version of the state.
	Document(t *Target) (*config.Document, uint64, error)
	// Plan says what a document would change, without changing anything.
	Plan(t *Target, d *config.Document, o ApplyOptions) (Plan, error)
	// Apply brings a document into force as one change.
	Apply(ctx context.Context, t *Target, version uint64, d *config.Document, o ApplyOptions) (Plan, Change, error)
}

// ApplyOptions say how a document is taken.
type ApplyOptions struct {
	// Prune removes the provider instances that were made in the panel and are not
	// in the document.
	Prune bool
}

// Plan is what a document would change.
type Plan struct {
	Differences []DocumentDifference `json:"differences"`
	// Violations are why it cannot be applied.
	Violations []Violation `json:"violations"`
}

// DocumentDifference is one value that differs. Path is a JSON pointer into the
// document; null means that the value is not there.
type DocumentDifference struct {
	Path   string `json:"path"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// documentView is a document in both forms.
type documentView struct {
	HCL     string           `json:"hcl"`
	JSON    *config.Document `json:"json"`
	Version uint64           `json:"state_version"`
}

// planView is an answer to a document: its forms, and what it would change.
type planView struct {
	HCL  string           `json:"hcl"`
	JSON *config.Document `json:"json"`
	Plan
}

func (a *API) moduleDocument(c *call) (any, error) {
	t := moduleTarget(c)
	return a.showDocument(c, &t)
}

func (a *API) providerDocument(c *call) (any, error) {
	t := providerTarget(c)
	return a.showDocument(c, &t)
}

func (a *API) export(c *call) (any, error) { return a.showDocument(c, nil) }

func (a *API) showDocument(c *call, t *Target) (any, error) {
	d, version, err := a.opt.Gateway.Document(t)
	if err != nil {
		return nil, err
	}
	if t == nil {
		with, err := c.withUsers()
		if err != nil {
			return nil, err
		}
		if with {
			d.Users = a.documentUsers()
		}
	}
	c.etag(version)
	return documentView{string(d.HCL()), d, version}, nil
}

func (a *API) planModule(c *call) (any, error) {
	t := moduleTarget(c)
	return a.plan(c, &t)
}

func (a *API) planProvider(c *call) (any, error) {
	t := providerTarget(c)
	return a.plan(c, &t)
}

func (a *API) planImport(c *call) (any, error) { return a.plan(c, nil) }

func (a *API) plan(c *call, t *Target) (any, error) {
	d, o, err := c.document(t)
	if err != nil {
		return nil, err
	}
	plan, err := a.opt.Gateway.Plan(t, d, o)
	if err != nil {
		return nil, err
	}
	_, users := a.planUsers(c, d)
	plan.add(users)
	return planView{string(d.HCL()), d, plan}, nil
}

func (a *API) applyModule(c *call) (any, error) {
	t := moduleTarget(c)
	return a.apply(c, &t, "module.document", t.Name)
}

func (a *API) applyProvider(c *call) (any, error) {
	t := providerTarget(c)
	return a.apply(c, &t, "provider.document", t.Name)
}

func (a *API) applyImport(c *call) (any, error) { return a.apply(c, nil, "gateway.import", "gateway") }

func (a *API) apply(c *call, t *Target, action, object string) (any, error) {
	version, err := c.neededVersion()
	if err != nil {
		return nil, err
	}
	d, o, err := c.document(t)
	if err != nil {
		return nil, err
	}
	steps, users := a.planUsers(c, d)
	if err := users.Refused(); err != nil {
		return nil, err
	}
	plan, change, err := a.opt.Gateway.Apply(c.ctx, t, version, d, o)
	if err != nil {
		return nil, err
	}
	if len(plan.Differences)+len(steps) == 0 {
		return planView{string(d.HCL()), d, plan}, nil
	}
	if len(plan.Differences) > 0 {
		if err := a.audit(c, action, object, change.Before, change.After); err != nil {
			return nil, err
		}
	}
	if err := a.applyUsers(c, steps); err != nil {
		return nil, err
	}
	plan.add(users)
	_, now, err := a.opt.Gateway.Document(t)
	if err != nil {
		return nil, err
	}
	c.etag(now)
	return planView{string(d.HCL()), d, plan}, nil
}

// document reads {"hcl"} or {"json"}, and with all modules {"prune"}.
func (c *call) document(t *Target) (*config.Document, ApplyOptions, error) {
	var hcl string
	var given map[string]any
	var o ApplyOptions
	f := fields{"hcl": str(&hcl), "json": values(&given)}
	if t == nil {
		f["prune"] = boolean(&o.Prune)
	}
	if err := c.decode(f); err != nil {
		return nil, o, err
	}
	var d *config.Document
	var err error
	switch {
	case (hcl == "") == (given == nil):
		err = Reject("document", Violation{Message: `want either "hcl" or "json"`})
	case hcl != "":
		d, err = parseHCL(hcl)
	default:
		d, err = parseDocument(given)
	}
	if err != nil {
		return nil, o, err
	}
	if t != nil && !onlyAbout(d, *t) {
		return nil, o, Reject("document", Violation{Message: "must hold the block " + string(t.Kind) + ` "` + t.Name + `" and nothing else`})
	}
	if len(d.Users) > 0 && !covers(c.role(), auth.RoleAdministrator) {
		return nil, o, forbidden("users are for administrators")
	}
	return d, o, nil
}

func onlyAbout(d *config.Document, t Target) bool {
	mine, others := d.Modules, d.Providers
	if t.Kind == manifest.KindProvider {
		mine, others = others, mine
	}
	_, there := mine[t.Name]
	return there && len(mine) == 1 && len(others) == 0 && len(d.Users) == 0
}

func parseHCL(text string) (*config.Document, error) {
	d, diagnostics := config.ParseDocument("document", []byte(text))
	if d != nil {
		return d, nil
	}
	var found []Violation
	for _, x := range diagnostics {
		if x.Severity != config.SeverityError {
			continue
		}
		message := x.Summary
		if x.Hint != "" {
			message += " (" + x.Hint + ")"
		}
		found = append(found, Violation{Pointer: "/hcl", Message: message, At: x.Range.String()})
	}
	return nil, Reject("document", found...)
}

func parseDocument(given map[string]any) (*config.Document, error) {
	text, err := json.Marshal(given)
	if err != nil {
		return nil, problem.Internal(err)
	}
	d := &config.Document{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // every digit of a setting counts
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, Reject("document", Violation{Pointer: "/json", Message: strings.TrimPrefix(err.Error(), "json: ")})
	}
	return d, nil
}

// add takes the rest of a plan over.
func (p *Plan) add(rest Plan) {
	p.Differences, p.Violations = append(p.Differences, rest.Differences...), append(p.Violations, rest.Violations...)
}

// Refused turns the violations of a plan into the answer to an attempt to apply it.
func (p Plan) Refused() error {
	if len(p.Violations) == 0 {
		return nil
	}
	return &Rejection{&problem.Problem{Status: http.StatusUnprocessableEntity, Text: "The document cannot be applied!"}, p.Violations}
}
