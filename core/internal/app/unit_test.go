package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func pointer[T any](v T) *T { return &v }

// TestAllows: imports ⊆ manifest ⊆ grant; every narrowing by itself.
func TestAllows(t *testing.T) {
	m := &manifest.Manifest{Capabilities: []manifest.Capability{
		{Name: "http", Operations: []string{"http_fetch"}},
		{Name: "freeswitch", Operations: []string{"freeswitch_originate", "freeswitch_queues"}},
		{Name: "kv", Operations: []string{"kv_get"}},
	}}
	all := []string{"http_fetch", "freeswitch_originate", "freeswitch_queues", "kv_get"}
	rows := []struct {
		name  string
		grant grant
		want  []string
	}{
		{"what the manifest asks for", grant{}, all},
		{"nothing", grant{capabilities: []string{}}, nil},
		{"one capability", grant{capabilities: []string{"kv"}}, []string{"kv_get"}},
		{"one that it does not ask for", grant{capabilities: []string{"users", "journal"}}, nil},
		{"operations by their short names", grant{freeswitch: []string{"queues"}}, []string{"http_fetch", "freeswitch_queues", "kv_get"}},
		{"operations by their full names", grant{freeswitch: []string{"freeswitch_originate"}}, []string{"http_fetch", "freeswitch_originate", "kv_get"}},
		{"no operation of FreeSWITCH", grant{freeswitch: []string{}}, []string{"http_fetch", "kv_get"}},
		{"an operation without its capability", grant{capabilities: []string{"kv"}, freeswitch: []string{"queues"}}, []string{"kv_get"}},
		{"an operation that it does not ask for", grant{freeswitch: []string{"channels", "api"}}, []string{"http_fetch", "kv_get"}},
	}
	for _, row := range rows {
		for _, operation := range append(slices.Clone(all), "kv_put", "freeswitch_channels", "users_list", "", "http", "freeswitch") {
			if got := row.grant.allows(m, operation); got != slices.Contains(row.want, operation) {
				t.Errorf("%s: %q is allowed: %t", row.name, operation, got)
			}
		}
	}
}

// TestGrantPrint: two grants that differ are two instances.
func TestGrantPrint(t *testing.T) {
	grants := []grant{
		{}, {capabilities: []string{}}, {capabilities: []string{"a b"}}, {capabilities: []string{"a", "b"}}, {hosts: []string{"a b"}}, {hosts: []string{"a", "b"}},
		{private: true}, {freeswitch: []string{}}, {freeswitch: []string{"a"}}, {hosts: []string{"a"}},
	}
	for i, a := range grants {
		for j, b := range grants {
			if (a.print() == b.print()) != (i == j) {
				t.Errorf("%+v and %+v", a, b)
			}
		}
	}
}

// TestOperations: what an instance may call in the end.
func TestOperations(t *testing.T) {
	rows := []struct {
		name, grant string
		want        []string
	}{
		{"what the manifest asks for", ``, []string{"freeswitch_originate", "freeswitch_queues", "http_fetch", "kv_get", "kv_put", "provider_call", "provider_list"}},
		{"narrowed", `grant {
			capabilities = ["freeswitch", "kv", "users"]
			freeswitch {
				operations = ["queues"]
			}
		}`, []string{"freeswitch_queues", "kv_get", "kv_put"}},
		{"nothing", "grant {\n capabilities = []\n}", nil},
		{"hosts", `grant {
			capabilities = ["http"]
			http {
				hosts = ["api.example.com"]
			}
		}`, []string{"http_fetch"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			files := newUnits(t, "module \"echo\" {\n"+row.grant+"\nsettings = {\n url = \"x\"\n}\n}\n")
			files.cfg.Gateway.Data = t.TempDir()
			files.cfg.Auth.Argon2.Memory, files.cfg.Auth.Argon2.Time = 7<<20, 1
			a, err := New(t.Context(), files.cfg, hclog.NewNullLogger())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := a.release(context.Background()); err != nil { // the test's own context has ended by now
					t.Error(err)
				}
			})
			a.library = files.library
			u := byName(t, a.wishes(registry.State{}))["echo"]
			if u.fault != "" {
				t.Fatal(u.fault)
			}
			granted, err := a.operations(u, a.log)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for name, op := range granted {
				names = append(names, name)
				effect := name == "freeswitch_originate" || name == "http_fetch" || name == "provider_call"
				if op.Run == nil || op.Effect != effect || op.Local != strings.HasPrefix(name, "kv_") {
					t.Errorf("%s: %+v", name, op)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, row.want) {
				t.Errorf("%q\nwant %q", names, row.want)
			}
		})
	}
}

// TestWishesOnOff: the file wins over the panel, and only over what it sets.
func TestWishesOnOff(t *testing.T) {
	a := newUnits(t, `
module "plain" {
  enabled = true
  action "echo" {
    enabled = false
  }
}
module "echo" {
  settings = {
    url = "file"
  }
  action "echo" {
    limit = "2/m burst 9"
  }
}
provider "fixed" {
  plugin = "relay"
  enabled = false
}
provider "open" {
  plugin = "relay"
}
`)
	off := pointer(false)
	units := byName(t, a.wishes(registry.State{
		Modules: map[string]registry.ModuleState{
			"plain": {Enabled: off, Actions: map[string]registry.ActionState{"echo": {Enabled: pointer(true), Limit: "5/s"}}},
			"echo":  {Enabled: off, Actions: map[string]registry.ActionState{"echo": {Enabled: off, Limit: "5/s"}, "each": {Limit: "5/s"}, "odd": {Limit: "nonsense"}}},
			"ghost": {Settings: map[string]any{"a": 1}}, // never switched on: does not exist
			"gone":  {Enabled: pointer(true)},
		},
		Providers: map[string]registry.ProviderState{
			"fixed": {Enabled: pointer(true)}, "open": {Enabled: off},
			"panel": {Plugin: "relay", Consent: registry.Consent{Granted: []string{"http"}, Hosts: []string{"h"}, Private: true}}, "sleeping": {Plugin: "relay", Enabled: off},
			"nothing": {Enabled: pointer(true)},
		},
	}))
	for name, on := range map[string]bool{
		"plain": true, "echo": false, "gone": true, "provider fixed": false, "provider open": false, "provider panel": true, "provider sleeping": false,
	} {
		if u := units[name]; u == nil || u.on != on {
			t.Errorf("%s: %+v", name, u)
		}
		delete(units, name)
	}
	if len(units) != 0 {
		t.Errorf("more than configured: %v", units)
	}

	units = byName(t, a.wishes(registry.State{Modules: map[string]registry.ModuleState{
		"plain": {Actions: map[string]registry.ActionState{"echo": {Enabled: pointer(true), Limit: "5/s"}}},
		"echo":  {Actions: map[string]registry.ActionState{"echo": {Enabled: off, Limit: "5/s"}, "odd": {Limit: "nonsense"}}},
	}}))
	if w := units["plain"].actions["echo"]; w.on || w.rate == nil || w.rate.Count != 5 || w.rate.Burst != 5 {
		t.Errorf("switched off in the file, limited in the panel: %+v", w)
	}
	if w := units["echo"].actions["echo"]; w.on || w.rate == nil || w.rate.Count != 2 || w.rate.Per != time.Minute || w.rate.Burst != 9 {
		t.Errorf("limited in the file, switched off in the panel: %+v", w)
	}
	if w := units["echo"].actions["odd"]; !w.on || w.rate != nil {
		t.Errorf("a limit that is none: %+v", w)
	}
}

// TestWishesSettings: the panel's, over them the file's, over them its secrets;
// defaults at the end.
func TestWishesSettings(t *testing.T) {
	a := newUnits(t, `
module "echo" {
  settings = {
    url = "file"
  }
  secrets = {
    password = "from-the-file"
  }
}
`)
	panel := map[string]any{"url": "panel", "password": "from-the-panel", "retries": 4}
	state := registry.State{Modules: map[string]registry.ModuleState{"echo": {Settings: panel}}}
	u := byName(t, a.wishes(state))["echo"]
	if u.fault != "" || u.settings.Get("url").String() != "file" || u.settings.Get("password").String() != "from-the-file" || u.settings.Get("retries").String() != "4" {
		t.Errorf("%q %v", u.fault, u.settings)
	}
	if panel["url"] != "panel" || len(panel) != 3 {
		t.Errorf("the state was changed: %v", panel)
	}
	plain := byName(t, a.wishes(registry.State{}))["echo"]
	if plain.settings.Get("retries").String() != "2" {
		t.Errorf("no default: %v", plain.settings)
	}
	if again := byName(t, a.wishes(state))["echo"]; again.print != u.print || plain.print == u.print || u.print == "" {
		t.Errorf("fingerprints %q %q %q", u.print, again.print, plain.print)
	}
}

// TestFaults: why a unit cannot run, and where in the file that stands.
func TestFaults(t *testing.T) {
	rows := []struct{ name, text, unit, fault string }{
		{"no such plugin", "module \"nosuch\" {\n}\n", "nosuch", `there is no plugin "nosuch" in `},
		{"a provider as a module", "module \"relay\" {\n}\n", "relay", `plugin "relay" is a provider, not a module`},
		{"a module as a provider", "provider \"p\" {\n plugin = \"echo\"\n}\n", "provider p", `plugin "echo" is a module, not a provider`},
		{"a setting is missing", "module \"echo\" {\n}\n", "echo", "settings: "},
		{"a setting of the wrong kind", "module \"echo\" {\n  settings = {\n    url     = \"x\"\n    retries = 9\n  }\n}\n", "echo", "(gateway.hcl:7:"},
		{"an unknown setting", "module \"echo\" {\n  settings = {\n    url   = \"x\"\n    other = 9\n  }\n}\n", "echo", "(gateway.hcl:"},
		{"settings of a plugin without any", "module \"plain\" {\n  settings = {\n    a = 1\n  }\n}\n", "plain", "settings: this plugin has no settings (gateway.hcl:5:"},
		{"the name of a module", "module \"plain\" {\n}\nprovider \"plain\" {\n  plugin = \"relay\"\n}\n", "provider plain", `a module is called "plain" too`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			units := byName(t, newUnits(t, row.text).wishes(registry.State{}))
			if u := units[row.unit]; u == nil || !strings.Contains(u.fault, row.fault) {
				t.Errorf("%+v\nwant %s", u, row.fault)
			}
			if row.unit == "provider plain" && units["plain"].fault != "" {
				t.Errorf("the module suffers too: %s", units["plain"].fault)
			}
		})
	}
}

// TestConsent: what is granted to a provider, in the file and in the panel.
func TestConsent(t *testing.T) {
	a := newUnits(t, `
provider "file" {
  plugin = "relay"
  grant {
    capabilities = ["http"]
    http {
      hosts   = ["file.example"]
      private = true
    }
  }
}
provider "bare" {
  plugin = "relay"
}
`)
	panel := registry.ProviderState{Plugin: "relay", Consent: registry.Consent{Granted: []string{"http"}, Hosts: []string{"panel.example"}}}
	units := byName(t, a.wishes(registry.State{Providers: map[string]registry.ProviderState{
		"file": panel, "panel": panel, "nothing": {Plugin: "relay"},
	}}))
	m := a.library.Catalogue().Find("relay").Manifest
	rows := []struct {
		unit    string
		http    bool
		hosts   string
		private bool
	}{
		{"provider file", true, "file.example", true},
		{"provider bare", true, "", false}, // may ask, and reaches no host
		{"provider panel", true, "panel.example", false},
		{"provider nothing", false, "", false},
	}
	for _, row := range rows {
		g := units[row.unit].grant
		if g.allows(m, "http_fetch") != row.http || strings.Join(g.hosts, " ") != row.hosts || g.private != row.private {
			t.Errorf("%s: %+v", row.unit, g)
		}
	}
}

// attachAll gives every unit without a fault an instance that is never started.
func attachAll(a *App, units []*unit) {
	for _, u := range units {
		if u.fault == "" {
			u.instance = plugin.NewHost(nil).NewInstance(plugin.Spec{Name: u.name, Package: u.pkg, Log: a.log})
		}
	}
}

func TestTable(t *testing.T) {
	a := newUnits(t, `
limits {
  action = "100/s"
}
module "echo" {
  settings = {
    url = "x"
  }
  action "dormant" {
    limit = "1/h"
  }
}
module "plain" {
  enabled = false
}
module "nosuch" {
}
provider "main" {
  plugin = "relay"
}
provider "dormant" {
  plugin  = "relay"
  enabled = false
}
`)
	units := a.wishes(registry.State{Modules: map[string]registry.ModuleState{"echo": {Actions: map[string]registry.ActionState{"main": {Enabled: pointer(false)}}}}})
	attachAll(a, units)
	table, err := a.table(units)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		path, off, instance string
		perSecond           float64
		timeout             time.Duration
	}{
		{"echo/echo", "", "", 7, 1500 * time.Millisecond},
		{"echo/main", "action is switched off", "main", 100, 0},
		{"echo/dormant", "provider is switched off", "dormant", 1. / 3600, 0},
		{"plain/echo", "module is switched off", "", 100, 0},
	}
	for _, row := range rows {
		r := table.Route(row.path)
		if r == nil || r.Off != row.off || r.Instance != row.instance || r.Rate.PerSecond != row.perSecond || r.Timeout != row.timeout ||
			r.Key != strings.Replace(row.path, "/", ".", 1) || r.Runner == nil || r.Checker == nil {
			t.Errorf("%s: %+v", row.path, r)
		}
	}
	for _, path := range []string{"echo/each", "nosuch/echo", "echo", "main/send", ""} {
		if r := table.Route(path); r != nil {
			t.Errorf("%q is a route: %+v", path, r)
		}
	}
	if p := table.Extending("echo.relay"); len(p) != 1 || p[0].Name != "main" || p[0].Ready() {
		t.Errorf("%+v", p)
	}
	personal := table.Route("echo/echo").Personal
	if len(personal) != 5 || personal["phones"] != registry.PersonalSecret || personal["card"] != registry.PersonalSecret || personal["phone"] != registry.PersonalPhone || personal["text"] != registry.PersonalText || personal["pin"] != registry.PersonalSecret {
		t.Errorf("%v", personal)
	}
	if table.Module("nosuch") != nil || table.Module("plain") == nil || table.Module("plain").On || table.Provider("dormant") == nil {
		t.Error("modules and providers")
	}
}

// TestNameCollision: an instance that would hide an action is refused.
func TestNameCollision(t *testing.T) {
	a := newUnits(t, "module \"echo\" {\n settings = {\n  url = \"x\"\n }\n}\nprovider \"echo2\" {\n plugin = \"relay\"\n}\n")
	for _, name := range []string{"each", "echo2"} {
		units := a.wishes(registry.State{Providers: map[string]registry.ProviderState{name: {Plugin: "relay"}}})
		attachAll(a, units)
		_, err := a.table(units)
		if (err != nil) != (name == "each") || err != nil && !strings.Contains(err.Error(), `provider "each" has the name of an action of module "echo"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAccountsReachTheLink: which accounts may be rung is the operator's word; it
// counts before anything is sent.
func TestAccountsReachTheLink(t *testing.T) {
	for _, restriction := range []string{"  accounts = [\"1001\"]\n", "  account_pattern = \"100[0-9]\"\n"} {
		cfg := parse(t, t.TempDir(), "freeswitch \"pbx1\" {\n  address = \"127.0.0.1:1\"\n  password = \"x\"\n"+restriction+"}\n")
		node, err := nodeConfig(cfg.FreeSWITCH[0])
		if err != nil {
			t.Fatal(err)
		}
		link, err := freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{node}}, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		for account, allowed := range map[string]bool{"1001": true, "2001": false, "10010": false} {
			_, err := link.Originate(t.Context(), freeswitch.OriginateRequest{Called: "89100000000", Caller: "1001", Account: account})
			var bad *freeswitch.ValueError
			if errors.As(err, &bad) == allowed || err == nil {
				t.Errorf("%q: account %s: %v", restriction, account, err)
			}
		}
	}
}
