package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Hidden returns what stands in a document for a secret that is kept but not shown: {"set": true}.
func Hidden() map[string]any { return map[string]any{"set": true} }

// isHidden recognises Hidden in a file.
func (v value) isHidden() bool {
	return v.kind == kindObject && len(v.fields) == 1 && v.fields[0].key == "set" && v.fields[0].val.kind == kindBool && v.fields[0].val.boolean
}

// DocumentNode is a block freeswitch as gateway.hcl has it: its keys and, as objects, its blocks cdr and recordings.
// Secrets are strings or [Hidden]. Numbers are int64 or json.Number.
type DocumentNode map[string]any

// nodeBlocks are the keys of a DocumentNode that are blocks.
var nodeBlocks = []string{"recordings", "cdr"}

// DocumentNode returns what the file sets of a node of it, secrets among them.
func (c *Config) DocumentNode(n FreeSWITCH) DocumentNode {
	out := DocumentNode{}
	put := func(to map[string]any, v any, path ...string) {
		at := JoinPath(append([]string{"freeswitch", n.Name}, path...)...)
		if s, secret := v.(Secret); secret {
			if v = s.Reveal(); c.kept[at] {
				v = Hidden()
			}
		}
		if c.IsSet(at) {
			to[path[len(path)-1]] = v
		}
	}
	put(out, n.Address, "address")
	put(out, n.User, "user")
	put(out, n.Password, "password")
	put(out, int64(n.Connections), "connections")
	put(out, int64(n.Weight), "weight")
	put(out, DurationText(n.CommandTimeout), "command_timeout")
	put(out, DurationText(n.OriginateTimeout), "originate_timeout")
	put(out, n.Dial, "dial")
	put(out, texts(n.Accounts), "accounts")
	if n.AccountPattern != nil {
		put(out, strings.TrimSuffix(strings.TrimPrefix(n.AccountPattern.String(), patternBegin), patternEnd), "account_pattern")
	}
	put(out, n.Domain, "domain")
	if r := n.Recordings; r != nil {
		block := map[string]any{}
		put(block, r.Source, "recordings", "source")
		put(block, r.Path, "recordings", "path")
		put(block, r.URL, "recordings", "url")
		out["recordings"] = block
	}
	if r := n.CDR; r != nil {
		block := map[string]any{}
		put(block, r.Token, "cdr", "token")
		put(block, r.User, "cdr", "user")
		put(block, r.Password, "cdr", "password")
		put(block, r.ErrorDir, "cdr", "error_dir")
		networks := make([]any, len(r.Allow))
		for i, network := range r.Allow {
			networks[i] = network.String()
		}
		put(block, networks, "cdr", "allow")
		out["cdr"] = block
	}
	return out
}

func (n DocumentNode) write(_ string, b *hclwrite.Body) { writeValues(b, n, nodeBlocks) }

// writeValues writes keys, and the objects that are blocks behind them.
func writeValues(b *hclwrite.Body, values map[string]any, blocks []string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if _, object := values[key].(map[string]any); !object || !slices.Contains(blocks, key) {
			b.SetAttributeValue(key, ctyValue(values[key]))
		}
	}
	for _, key := range blocks {
		if block, object := values[key].(map[string]any); object {
			writeValues(b.AppendNewBlock(key, nil).Body(), block, nil)
		}
	}
}

// notKeys reports the keys that no file could have. Written as they are, they would be something else.
func notKeys(in string, values map[string]any, blocks []string) (out Diagnostics) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !hclsyntax.ValidIdentifier(key) {
			out = append(out, Diagnostic{SeverityError, Range{}, fmt.Sprintf("unknown key %q in %s", key, in), ""})
		}
		if block, object := values[key].(map[string]any); object && slices.Contains(blocks, key) {
			out = append(out, notKeys(in+"."+key, block, nil)...)
		}
	}
	return out
}
