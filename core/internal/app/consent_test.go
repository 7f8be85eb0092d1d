package app

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// asking is a plugin that imports and asks for operations, and names hosts.
func asking(t *testing.T, hosts string, imports []string, asks ...string) *plugin.Package {
	t.Helper()
	byCapability := map[string][]string{}
	for _, operation := range asks {
		c := abi.Capability(operation)
		byCapability[c] = append(byCapability[c], `"`+operation+`"`)
	}
	var capabilities []string
	for _, name := range []string{"http", "kv"} {
		if list := byCapability[name]; list != nil {
			more := ""
			if name == "http" {
				more = `"hosts":[` + hosts + `],`
			}
			capabilities = append(capabilities, `{"name":"`+name+`",`+more+`"operations":[`+strings.Join(list, ",")+`],"reason":{"en":"R","ru":"П"}}`)
		}
	}
	p, err := plugin.Pack(guest.Asm{Operations: imports}.Bytes(),
		[]byte(pluginJSON("asking", "module", plainParts+`,"capabilities":[`+strings.Join(capabilities, ",")+`]`)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLacks is the table of who has to consent to what.
func TestLacks(t *testing.T) {
	const fetch, get, put = abi.OpHTTPFetch, abi.OpKVGet, abi.OpKVPut
	one := asking(t, `"a.example"`, []string{fetch}, fetch)
	file := func(capabilities ...string) *config.Grant { return &config.Grant{Capabilities: capabilities} }
	withHosts := func(g *config.Grant, hosts ...string) *config.Grant {
		g.HTTP = &config.HTTPGrant{Hosts: hosts}
		return g
	}
	panel := func(hosts ...string) registry.Consent { return consentTo(one, []string{"http"}, hosts, false) }
	for _, row := range []struct {
		name  string
		file  *config.Grant
		panel registry.Consent
		next  *plugin.Package
		want  string
	}{
		{"the same", nil, registry.Consent{}, one, ""},
		{"less", nil, registry.Consent{}, asking(t, "", nil), ""},
		{"a new capability", nil, registry.Consent{}, asking(t, `"a.example"`, []string{fetch}, fetch, get), "kv_get"},
		{"a new capability of the panel's", nil, panel("a.example"), asking(t, `"a.example"`, []string{fetch, get}, fetch, get), "kv_get"},
		{"one that the file grants", file("http", "kv"), registry.Consent{}, asking(t, `"a.example"`, []string{fetch, get}, fetch, get), ""},
		{"one that the file leaves out", file("http"), registry.Consent{}, asking(t, `"a.example"`, []string{fetch, get}, fetch, get), "kv_get"},
		{"a new host", nil, registry.Consent{}, asking(t, `"a.example","b.example"`, []string{fetch}, fetch), "host b.example"},
		{"a host that is granted", nil, panel("b.example"), asking(t, `"b.example"`, []string{fetch}, fetch), ""},
		{"a host that the file leaves out", withHosts(file("http"), "a.example"), registry.Consent{}, asking(t, `"a.example","b.example"`, []string{fetch}, fetch), "host b.example"},
		{"an old consent to a whole capability", nil, registry.Consent{Granted: []string{"http", "kv"}}, asking(t, `"a.example"`, []string{fetch, get}, fetch, get), ""},
	} {
		u := &unit{name: "asking", kind: manifest.KindModule, pkg: one}
		u.decide(row.file, row.panel, false)
		if u.waiting != "" {
			t.Errorf("%s: it waits already: %s", row.name, u.waiting)
		}
		if got := strings.Join(u.lacks(row.next), " "); got != row.want {
			t.Errorf("%s: lacks %q, want %q", row.name, got, row.want)
		}
	}

	// A new operation of a capability that was granted is new.
	two, three := asking(t, "", []string{get}, get), asking(t, "", []string{get}, get, put)
	u := &unit{name: "asking", kind: manifest.KindModule, pkg: two}
	u.decide(nil, consentTo(two, []string{"kv"}, nil, false), false)
	if got := strings.Join(u.lacks(three), " "); got != "kv_put" {
		t.Errorf("lacks %q", got)
	}
	// Who has seen it and declined what the code can do without has decided.
	declined := consentTo(three, []string{"kv"}, nil, false)
	declined.Operations = []string{get}
	u.decide(nil, declined, false)
	if got := u.lacks(three); len(got) != 0 {
		t.Errorf("lacks %q", got)
	}
	// But what the code needs it needs.
	four := asking(t, "", []string{get, put}, get, put)
	u.consent.Version = four.SHA256
	if got := strings.Join(u.lacks(four), " "); got != "kv_put" {
		t.Errorf("lacks %q", got)
	}
}

// TestUploadsNeedADecision: nothing goes without saying for an uploaded plugin.
func TestUploadsNeedADecision(t *testing.T) {
	p := asking(t, "", []string{abi.OpKVGet}, abi.OpKVGet)
	p.Origin = plugin.OriginUpload
	for _, row := range []struct {
		name    string
		file    *config.Grant
		panel   registry.Consent
		created bool
		waits   bool
	}{
		{"nobody decided", nil, registry.Consent{}, false, true},
		{"the file grants", &config.Grant{}, registry.Consent{}, false, false},
		{"the panel granted", nil, consentTo(p, []string{"kv"}, nil, false), false, false},
		{"the panel granted nothing", nil, consentTo(p, nil, nil, false), false, true},
		{"made in the panel without what it needs", nil, registry.Consent{}, true, true},
	} {
		u := &unit{name: "asking", kind: manifest.KindModule, pkg: p}
		u.decide(row.file, row.panel, row.created)
		if (u.waiting != "") != row.waits {
			t.Errorf("%s: %q", row.name, u.waiting)
		}
	}
}
