package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Documents read and write the configuration as a whole. A nil target means all
// modules, provider instances, FreeSWITCH nodes and guards. Errors are those of
// [Changes].
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
	// Prune removes the provider instances and FreeSWITCH nodes that were made in the
	// panel and are not in the document.
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
	locate(d, plan.Violations)
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
	locate(d, users.Violations)
	if err := users.Refused(); err != nil {
		return nil, err
	}
	plan, change, err := a.opt.Gateway.Apply(c.ctx, t, version, d, o)
	var refused *Rejection
	if errors.As(err, &refused) {
		locate(d, refused.Violations)
	}
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
		d, err = parsed("/hcl")(config.ParseDocument("document", []byte(hcl)))
	default:
		text, wrong := json.Marshal(given)
		if wrong != nil {
			return nil, o, problem.Internal(wrong)
		}
		d, err = parsed("/json")(config.ParseDocumentJSON(text))
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
	return there && len(mine) == 1 && len(others)+len(d.Nodes)+len(d.Guards)+len(d.Users) == 0
}

// parsed turns what a parser found into a refusal; pointer leads to the document in
// the request.
func parsed(pointer string) func(*config.Document, config.Diagnostics) (*config.Document, error) {
	return func(d *config.Document, found config.Diagnostics) (*config.Document, error) {
		if d != nil {
			return d, nil
		}
		var violations []Violation
		for _, x := range found {
			if x.Severity != config.SeverityError {
				continue
			}
			v := Violation{Pointer: pointer, Message: x.Summary, Place: x.Range.String()}
			if x.Hint != "" {
				v.Message += " (" + x.Hint + ")"
			}
			violations = append(violations, v)
		}
		return nil, Reject("document", violations...)
	}
}

// locate says of each mistake where in the document it stands, and puts them into
// that order.
func locate(d *config.Document, found []Violation) {
	for i := range found {
		if r, ok := d.Locate(found[i].Pointer); ok {
			found[i].Place = r.String()
		}
	}
	slices.SortStableFunc(found, func(x, y Violation) int {
		a, _ := d.Locate(x.Pointer)
		b, _ := d.Locate(y.Pointer)
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
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
