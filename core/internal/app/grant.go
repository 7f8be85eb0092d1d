package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	freeswitchcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/freeswitch"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	providercall "github.com/patchbay-gw/patchbay/core/internal/hostcall/provider"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// grant is the operator's consent for one instance.
type grant struct {
	// capabilities by name; nil grants what the manifest asks for, because the
	// operator who wrote the block into the file has read it.
	capabilities []string
	// operations narrows the capabilities; nil grants all of theirs.
	operations []string
	hosts      []string
	private    bool
	// freeswitch operations; nil grants those that the manifest asks for.
	freeswitch []string
}

func fileGrant(g *config.Grant) grant {
	out := grant{capabilities: g.Capabilities}
	if g.HTTP != nil {
		out.hosts, out.private = g.HTTP.Hosts, g.HTTP.Private
	}
	if g.FreeSWITCH != nil {
		out.freeswitch = append([]string{}, g.FreeSWITCH.Operations...)
	}
	return out
}

func (g grant) print() string {
	return fmt.Sprintf("%q %t %q %t %q %t %q %t", g.capabilities, g.capabilities == nil, g.hosts, g.private, g.freeswitch, g.freeswitch == nil,
		g.operations, g.operations == nil)
}

// allows reports whether an operation is granted. The manifest is the upper
// bound, the grant narrows it.
func (g grant) allows(m *manifest.Manifest, operation string) bool {
	if !slices.Contains(m.Operations(), operation) {
		return false
	}
	capability := abi.Capability(operation)
	if g.capabilities != nil && !slices.Contains(g.capabilities, capability) || g.operations != nil && !slices.Contains(g.operations, operation) {
		return false
	}
	if capability == "freeswitch" && g.freeswitch != nil {
		return slices.Contains(g.freeswitch, strings.TrimPrefix(operation, "freeswitch_")) || slices.Contains(g.freeswitch, operation)
	}
	return true
}

// operations returns the host side of everything that the unit is granted.
func (a *App) operations(u *unit, log hclog.Logger) (map[string]wasm.Operation, error) {
	m := u.pkg.Manifest
	granted := map[string]wasm.Operation{}
	add := func(all map[string]wasm.Operation) {
		for name, op := range all {
			if u.grant.allows(m, name) {
				granted[name] = op
			}
		}
	}
	points := make([]string, len(m.Provides))
	for i, p := range m.Provides {
		points[i] = p.Name
	}
	add(a.journalOperations(u.name))
	add(a.usersOperations)
	add(a.guardedCalls(freeswitchcall.Operations(a.freeswitchOptions(log))))
	add(providercall.Operations(directory{a.registry, a.hookURL, a.guard}, points))
	if u.grant.allows(m, abi.OpHTTPFetch) {
		client, err := httpcall.New(httpcall.Options{
			Name: u.name, Pool: a.http, Parsers: parsers{}, Logger: log,
			// Plain HTTP is the operator's choice of URL: Kannel and other neighbours
			// speak nothing else.
			Grant:  httpcall.Grant{Hosts: u.grant.hosts, Private: u.grant.private, Plaintext: true},
			Limits: httpcall.Limits{InFlight: wasm.DefaultMaxTasks},
		})
		if err != nil {
			return nil, fmt.Errorf("grant of %s: %w", u.name, err)
		}
		add(map[string]wasm.Operation{abi.OpHTTPFetch: {Effect: true, Run: withoutCall(client.Fetch)}})
	}
	kv, err := kvcall.New(kvcall.Options{
		Name: u.name, View: kvView{a.store.Prefix("kv").Prefix(u.name)}, IsNotFound: isNotFound, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("kv of %s: %w", u.name, err)
	}
	add(kvOperations(kv))
	return granted, nil
}

func kvOperations(kv *kvcall.Client) map[string]wasm.Operation {
	return map[string]wasm.Operation{
		abi.OpKVGet:    {Local: true, Run: withoutCall(kv.Get)},
		abi.OpKVPut:    {Local: true, Run: withoutCall(kv.Put)},
		abi.OpKVDelete: {Local: true, Run: withoutCall(kv.Delete)},
		abi.OpKVList:   {Local: true, Run: withoutCall(kv.List)},
	}
}
