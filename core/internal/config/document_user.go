package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// DocumentUser is a user without password, second factor and tokens: none of them leaves a gateway.
// gateway.hcl has no users; only documents do.
type DocumentUser struct {
	Role   string `json:"role,omitempty"`
	Status string `json:"status,omitempty"` // active or blocked
	// Rights and AllowedIPs are nil when the document says nothing about them.
	Rights     []string        `json:"rights,omitzero"`
	AllowedIPs []string        `json:"allowed_ips,omitzero"`
	Limits     *DocumentLimits `json:"limits,omitempty"`
	Note       *string         `json:"note,omitempty"`
	MustChange *bool           `json:"must_change,omitempty"`
}

// DocumentLimits are the request rates of one user, Actions by "module.action".
type DocumentLimits struct {
	All     *DocumentRate           `json:"all,omitempty"`
	Actions map[string]DocumentRate `json:"actions,omitempty"`
}

// DocumentRate is a rate of requests. Burst 0 leaves it to the gateway.
type DocumentRate struct {
	PerSecond float64 `json:"per_second"`
	Burst     int     `json:"burst,omitempty"`
}

// takeUsers takes the blocks user off a document and decodes them: their labels are logins, which may hold what no
// other name does.
func (d *decoder) takeUsers(body *hclsyntax.Body) map[string]DocumentUser {
	users, first := map[string]DocumentUser{}, map[string]Range{}
	rest := body.Blocks[:0:0]
	for _, b := range body.Blocks {
		if b.Type != "user" {
			rest = append(rest, b)
			continue
		}
		at := rangeOf(b.DefRange())
		if len(b.Labels) != 1 || b.Labels[0] == "" {
			d.error(at, `write user "login" { … }`, "block user takes one login, not %d", len(b.Labels))
			continue
		}
		login := b.Labels[0]
		if before, twice := first[login]; twice {
			d.error(at, "put everything in one block", "user %q is there twice, first at %s", login, before)
			continue
		}
		first[login] = at
		users[login] = decodeUser(d.scope([]string{"user", login}, at, b.Body))
	}
	body.Blocks = rest
	return users
}

func decodeUser(s *scope) (u DocumentUser) {
	text(s, "role", &u.Role, notEmpty)
	text(s, "status", &u.Status, oneOf("active", "blocked"))
	list(s, "rights", &u.Rights, notEmpty)
	list(s, "allowed_ips", &u.AllowedIPs, notEmpty)
	if s.has("note") {
		u.Note = new(string)
		s.str("note", u.Note)
	}
	if s.has("must_change") {
		u.MustChange = new(bool)
		s.boolean("must_change", u.MustChange)
	}
	var limits map[string]any
	s.object("limits", &limits)
	if limits != nil {
		var err error
		if u.Limits, err = readLimits(limits); err != nil {
			s.d.error(s.at("limits"), `write limits = { all = { per_second = 5, burst = 10 } }`, "%s: %s", s.name("limits"), strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	s.finish()
	return u
}

func readLimits(values map[string]any) (*DocumentLimits, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	limits := &DocumentLimits{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return limits, decoder.Decode(limits)
}

func (u DocumentUser) write(_ string, b *hclwrite.Body) {
	if u.Role != "" {
		b.SetAttributeValue("role", cty.StringVal(u.Role))
	}
	if u.Status != "" {
		b.SetAttributeValue("status", cty.StringVal(u.Status))
	}
	if u.Rights != nil {
		b.SetAttributeValue("rights", ctyValue(texts(u.Rights)))
	}
	if u.AllowedIPs != nil {
		b.SetAttributeValue("allowed_ips", ctyValue(texts(u.AllowedIPs)))
	}
	if u.Limits != nil {
		b.SetAttributeValue("limits", ctyValue(u.Limits.plain()))
	}
	if u.Note != nil {
		b.SetAttributeValue("note", cty.StringVal(*u.Note))
	}
	if u.MustChange != nil {
		b.SetAttributeValue("must_change", cty.BoolVal(*u.MustChange))
	}
}

func (l *DocumentLimits) plain() map[string]any {
	out := map[string]any{}
	if l.All != nil {
		out["all"] = l.All.plain()
	}
	if len(l.Actions) > 0 {
		actions := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(l.Actions)) {
			rate := l.Actions[name]
			actions[name] = rate.plain()
		}
		out["actions"] = actions
	}
	return out
}

func (r DocumentRate) plain() map[string]any {
	out := map[string]any{"per_second": r.PerSecond}
	if r.Burst != 0 {
		out["burst"] = r.Burst
	}
	return out
}
