package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	_ "time/tzdata" // time_zone has to work in an image without a zone database

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxFile bounds the configuration file in bytes.
const maxFile = 1 << 20

// Bounds on what the parser has to take: it is recursive, and a stack that overflows ends the process.
const (
	maxNesting   = 64     // of brackets and ${…}
	maxUnary     = 8      // of - and ! in a row
	maxOperators = 10_000 // in the whole file; most of them are refused later
)

// defaults is also the documented example that `gateway.hcl` starts from.
//
//go:embed default.hcl
var defaults []byte

// Default returns the configuration that an empty file gives. Relative paths in it are relative to the working folder.
func Default() *Config {
	c, _ := parseDefaults(Env{}) // a test proves that there is nothing to report
	return c
}

// parseDefaults gives the defaults with paths relative to env.Dir. Each call makes a new Config that shares nothing.
func parseDefaults(env Env) (*Config, Diagnostics) {
	c := &Config{set: map[string]Range{}}
	d := &decoder{env: env, set: map[string]Range{}}
	if body, ok := d.parse("default.hcl", defaults); ok {
		d.decode(d.scope(nil, Range{File: "default.hcl"}, body), c)
	}
	return c, d.diags
}

// Load reads and parses the file at path, with the environment and the files of this process.
// On errors the Config is nil; [Diagnostics.Err] turns the findings into an error.
func Load(path string) (*Config, Diagnostics) {
	src, err := readFile(path, maxFile)
	if err != nil {
		summary, hint := fmt.Sprintf("the file cannot be read: %v", err), ""
		if errors.Is(err, fs.ErrNotExist) {
			summary, hint = "the file does not exist", "name another one with --config"
		}
		return nil, Diagnostics{{SeverityError, Range{File: path}, summary, hint}}
	}
	return Parse(path, src, OS(filepath.Dir(path)))
}

// Parse decodes src over the defaults. Name is what the findings call the file.
//
// All mistakes are reported at once, in the order of the file; then the Config is nil. Findings without an error are
// warnings, and the Config is usable. The result does not refer to src.
func Parse(name string, src []byte, env Env) (*Config, Diagnostics) {
	return parse(name, src, env, func(*decoder, *hclsyntax.Body) {})
}

// parse is Parse; before sees the file before it is decoded and may take something off.
func parse(name string, src []byte, env Env, before func(*decoder, *hclsyntax.Body)) (*Config, Diagnostics) {
	c, diags := parseDefaults(env)
	d := &decoder{env: env, diags: diags, set: map[string]Range{}}
	if body, ok := d.parse(name, src); ok {
		before(d, body)
		d.decode(d.scope(nil, Range{File: name}, body), c)
	}
	diags = d.diags.sorted()
	if diags.HasErrors() {
		return nil, diags
	}
	c.set = d.set
	return c, diags
}

// parse reads the syntax. Ok is false if what was read is too damaged to be decoded.
func (d *decoder) parse(name string, src []byte) (*hclsyntax.Body, bool) {
	if len(src) > maxFile {
		d.error(Range{File: name}, "", "the file is longer than %d KiB", maxFile>>10)
		return nil, false
	}
	if !d.shallow(name, src) {
		return nil, false
	}
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	d.diags = append(d.diags, fromHCL(diags)...)
	for _, diag := range diags {
		// A key given twice leaves a sound tree; after a real syntax error every other finding would be a guess.
		if diag.Severity == hcl.DiagError && diag.Summary != "Attribute redefined" {
			return nil, false
		}
	}
	body, ok := file.Body.(*hclsyntax.Body)
	return body, ok
}

// shallow refuses files that would make the recursive parser eat the stack.
func (d *decoder) shallow(name string, src []byte) bool {
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos) // the parser finds the lexer's faults again
	depth, unary, operators := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenMinus, hclsyntax.TokenBang:
			unary++
			operators++
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			continue
		default:
			unary = 0
		}
		switch t.Type {
		case hclsyntax.TokenTemplateControl: // "%{if …}": the parser takes quadratic time for them
			depth++
			operators++
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp,
			hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd,
			hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth = max(depth-1, 0)
		case hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent, hclsyntax.TokenQuestion,
			hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenDot:
			operators++
		}
		if depth > maxNesting || unary > maxUnary || operators > maxOperators {
			d.error(rangeOf(t.Range), "", "too deeply nested")
			return false
		}
	}
	return true
}

// Override replaces single values of the file from the command line. Empty fields change nothing.
type Override struct {
	Listen string // --listen
	Data   string // --data; relative to the working folder
}

// With returns a copy of c with the override applied; c stays as it is. The overridden keys count as set in the file.
func (c *Config) With(o Override) (*Config, Diagnostics) {
	next := *c
	next.set = make(map[string]Range, len(c.set)+2)
	for path, r := range c.set {
		next.set[path] = r
	}
	var diags Diagnostics
	if o.Listen != "" {
		at := Range{File: "--listen"}
		if _, err := parseAddress(true)(o.Listen); err != nil {
			return nil, append(diags, Diagnostic{SeverityError, at, err.Error(), hintOf(err)})
		}
		next.Gateway.Listen, next.set["gateway.listen"] = o.Listen, at
	}
	if o.Data != "" {
		next.Gateway.Data, next.set["gateway.data"] = o.Data, Range{File: "--data"}
	}
	return &next, diags
}
