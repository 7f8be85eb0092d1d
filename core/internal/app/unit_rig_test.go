package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// pluginJSON is a manifest around the parts that a test is about.
func pluginJSON(id, kind, rest string) string {
	return `{"id":"` + id + `","kind":"` + kind + `","abi":1,"version":"1.0.0","vendor":"Test",
		"title":{"en":"T","ru":"Т"},"description":{"en":"D","ru":"Д"},` + rest + `}`
}

const (
	echoParts = `
	"actions":[
		{"name":"echo","title":{"en":"E","ru":"Э"},"summary":{"en":"E","ru":"Э"},"rate":"7/s","timeout_ms":1500,
		 "params":{"type":"object","properties":{
			"phone":{"type":"string","description":"P","x-description-ru":"П","x-personal":"phone"},
			"text":{"type":"string","description":"P","x-description-ru":"П","x-personal":"text"},
			"pin":{"type":"string","description":"P","x-description-ru":"П","x-secret":true},
			"ids":{"type":"array","description":"P","x-description-ru":"П","items":{"type":"string"}},
			"phones":{"type":"array","description":"P","x-description-ru":"П","items":{"type":"string","x-personal":"phone"}},
			"card":{"type":"object","description":"P","x-description-ru":"П","properties":{"pin":{"type":"string","x-secret":true}}},
			"id":{"type":"string","description":"P","x-description-ru":"П"}}}},
		{"name":"each","title":{"en":"E","ru":"Э"},"summary":{"en":"E","ru":"Э"},"per_instance":"echo.relay"}],
	"provides":[{"name":"echo.relay","title":{"en":"R","ru":"Р"},"operations":[{"name":"send","summary":{"en":"S","ru":"О"}}]}],
	"capabilities":[
		{"name":"kv","operations":["kv_get","kv_put"],"reason":{"en":"R","ru":"П"}},
		{"name":"provider","operations":["provider_call","provider_list"],"reason":{"en":"R","ru":"П"}},
		{"name":"freeswitch","operations":["freeswitch_originate","freeswitch_queues"],"reason":{"en":"R","ru":"П"}},
		{"name":"http","operations":["http_fetch"],"reason":{"en":"R","ru":"П"}}],
	"settings":{"type":"object","required":["url"],"additionalProperties":false,"properties":{
		"url":{"type":"string","title":"U","x-title-ru":"А"},
		"retries":{"type":"integer","minimum":0,"maximum":5,"default":2,"title":"R","x-title-ru":"П"},
		"password":{"type":"string","x-secret":true,"title":"P","x-title-ru":"П"}}}`

	relayParts = `
	"extends":[{"point":"echo.relay","operations":["send"]}],
	"capabilities":[{"name":"http","operations":["http_fetch"],"reason":{"en":"R","ru":"П"}}]`

	plainParts = `"actions":[{"name":"echo","title":{"en":"E","ru":"Э"},"summary":{"en":"E","ru":"Э"}}]`
)

// parse reads a gateway.hcl.
func parse(t testing.TB, dir, text string) *config.Config {
	t.Helper()
	cfg, diagnostics := config.Parse("gateway.hcl", []byte(text), config.OS(dir))
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// newUnits is a gateway that has a configuration and plugins, and runs nothing:
// "echo" and "plain" are modules, "relay" is a provider.
func newUnits(t testing.TB, text string) *App {
	t.Helper()
	dir := t.TempDir()
	for id, text := range map[string]string{
		"echo": pluginJSON("echo", "module", echoParts), "plain": pluginJSON("plain", "module", plainParts), "relay": pluginJSON("relay", "provider", relayParts),
	} {
		p, err := plugin.Pack(guest.Asm{}.Bytes(), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id+".wasm"), p.Code, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &App{cfg: parse(t, dir, "gateway {\n plugins = [\".\"]\n}\n"+text+"\ntrust {\n unsigned = \"allow\"\n}\n"), log: hclog.NewNullLogger(), registry: registry.New(), chosen: newChosen()}
	a.openLibrary("")
	if faults := a.library.Catalogue().Faults; len(faults) > 0 {
		t.Fatal(faults)
	}
	return a
}

// byName indexes units; a module and a provider may have one name.
func byName(t testing.TB, units []*unit) map[string]*unit {
	t.Helper()
	out := map[string]*unit{}
	for _, u := range units {
		key := u.name
		if u.kind == manifest.KindProvider {
			key = "provider " + key
		}
		if out[key] != nil {
			t.Fatalf("%s is there twice", key)
		}
		out[key] = u
	}
	return out
}
