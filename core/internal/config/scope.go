package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decoder walks one file and collects what it finds wrong.
type decoder struct {
	env        Env
	diags      Diagnostics
	set        map[string]Range
	inTemplate int // depth of "${…}" being evaluated

	// Of a [Document]: it may hold secrets that are not shown, and kept names them.
	document bool
	kept     map[string]bool
}

func (d *decoder) error(at Range, hint, format string, args ...any) {
	d.diags = append(d.diags, Diagnostic{SeverityError, at, fmt.Sprintf(format, args...), hint})
}

func (d *decoder) warn(at Range, hint, format string, args ...any) {
	d.diags = append(d.diags, Diagnostic{SeverityWarning, at, fmt.Sprintf(format, args...), hint})
}

// scope reads one block. Asking for a key or block is what makes it known; finish reports everything else,
// so the decode functions are the only list of what the file may hold.
type scope struct {
	d      *decoder
	what   string // for messages: the path, for example "freeswitch.main.cdr"
	path   []string
	header Range
	body   *hclsyntax.Body
	keys   map[string]bool
	blocks map[string]bool
}

func (d *decoder) scope(path []string, header Range, body *hclsyntax.Body) *scope {
	what := JoinPath(path...)
	if what != "" {
		d.set[what] = header
	}
	return &scope{d: d, what: what, path: path, header: header, body: body, keys: map[string]bool{}, blocks: map[string]bool{}}
}

func (s *scope) child(elements ...string) []string {
	return append(slices.Clone(s.path), elements...)
}

// name is how messages call a key: its path.
func (s *scope) name(key string) string { return JoinPath(s.child(key)...) }

// get evaluates a key. Ok is false if it is absent or wrong; then the default stays.
func (s *scope) get(key string) (v value, ok bool) {
	s.keys[key] = true
	attr := s.body.Attributes[key]
	if attr == nil {
		return v, false
	}
	s.d.mark(s.child(key), rangeOf(attr.NameRange), nil)
	if v, ok = s.d.eval(attr.Expr); ok && v.kind == kindNull {
		s.d.error(v.rng, "remove the line to get the default", "%s must not be null", s.name(key))
		return v, false
	}
	return v, ok
}

// mark remembers where a key and everything below it is set.
func (d *decoder) mark(path []string, at Range, v *value) {
	d.set[JoinPath(path...)] = at
	if v == nil {
		return
	}
	for i, item := range v.list {
		d.mark(append(slices.Clone(path), strconv.Itoa(i)), item.rng, &item)
	}
	for _, f := range v.fields {
		d.mark(append(slices.Clone(path), f.key), f.keyRng, &f.val)
	}
}

// at returns where a key is set, else the header of the block.
func (s *scope) at(key string) Range {
	if r, ok := s.d.set[JoinPath(s.child(key)...)]; ok {
		return r
	}
	return s.header
}

// has reports whether the key is in the file, right or wrong.
func (s *scope) has(key string) bool { return s.body.Attributes[key] != nil }

// require reports a key that is absent.
func (s *scope) require(key, hint string) {
	if !s.has(key) {
		s.d.error(s.header, hint, "%s is missing", s.name(key))
	}
}

// want checks the kind of a value and reports a wrong one without showing the value.
func (s *scope) want(key string, v value, k kind) bool { return s.wantNamed(s.name(key), v, k) }

func (s *scope) wantNamed(name string, v value, k kind) bool {
	if v.kind == k {
		return true
	}
	hint := ""
	switch {
	case k == kindString && (v.kind == kindNumber || v.kind == kindBool):
		hint = "put it in quotes"
	case v.kind == kindString && (k == kindNumber || k == kindBool):
		hint = "remove the quotes"
	case k == kindList:
		hint = "put it in [ ]"
	case k == kindObject:
		hint = "write { key = value }"
	}
	s.d.error(v.rng, hint, "%s must be %s, not %s", name, k, v.kind)
	return false
}

// text reads a string through parse, which may refuse it. A refused secret is not shown: use secret for these.
func text[T any](s *scope, key string, dst *T, parse func(string) (T, error)) {
	v, ok := s.get(key)
	if !ok || !s.want(key, v, kindString) {
		return
	}
	parsed, err := parse(v.str)
	if err != nil {
		s.d.error(v.rng, hintOf(err), "%s: %v", s.name(key), err)
		return
	}
	*dst = parsed
}

// list reads a list of strings, each through parse; a string given twice is a mistake.
func list[T any](s *scope, key string, dst *[]T, parse func(string) (T, error)) {
	v, ok := s.get(key)
	if !ok || !s.want(key, v, kindList) {
		return
	}
	s.d.mark(s.child(key), s.at(key), &v)
	result, seen := make([]T, 0, len(v.list)), map[string]bool{}
	for _, item := range v.list {
		if !s.want(key, item, kindString) {
			continue
		}
		parsed, err := parse(item.str)
		switch {
		case err != nil:
			s.d.error(item.rng, hintOf(err), "%s: %v", s.name(key), err)
		case seen[item.str]:
			s.d.error(item.rng, "remove one of them", "%s holds %q twice", s.name(key), item.str)
		default:
			result = append(result, parsed)
		}
		seen[item.str] = true
	}
	*dst = result
}

func (s *scope) str(key string, dst *string) { text(s, key, dst, anyText) }

// secret reads a secret. An empty one is a mistake: it comes from a variable that is set to nothing.
func (s *scope) secret(key string, dst *Secret) {
	v, ok := s.get(key)
	if ok && s.d.document && v.isHidden() {
		s.d.kept[s.name(key)], *dst = true, Secret{}
		return
	}
	if !ok || !s.want(key, v, kindString) {
		return
	}
	if v.str == "" {
		s.d.error(v.rng, "give it a value, or remove the line", "%s is empty", s.name(key))
		return
	}
	*dst = NewSecret(v.str)
}

// folder reads a path and makes it relative to the configuration file's folder.
func (s *scope) folder(key string, dst *string) {
	text(s, key, dst, s.d.parsePath)
}

func (s *scope) boolean(key string, dst *bool) {
	v, ok := s.get(key)
	if !ok {
		return
	}
	if v.computed && v.kind == kindString {
		if b, err := strconv.ParseBool(v.str); err == nil {
			*dst = b
			return
		}
		s.d.error(v.rng, "set it to true or false", "%s must be true or false", s.name(key))
		return
	}
	if s.want(key, v, kindBool) {
		*dst = v.boolean
	}
}

// integer reads a whole number from lo to hi, both included.
func (s *scope) integer(key string, dst *int, lo, hi int) {
	v, ok := s.get(key)
	if !ok {
		return
	}
	n, err := int64(0), error(nil)
	if v.computed && v.kind == kindString {
		n, err = strconv.ParseInt(v.str, 10, 64)
	} else {
		if !s.want(key, v, kindNumber) {
			return
		}
		if i, whole := v.plain().(int64); whole {
			n = i
		} else {
			err = strconv.ErrRange
		}
	}
	if err != nil || n < int64(lo) || n > int64(hi) {
		s.d.error(v.rng, "", "%s must be a whole number from %d to %d", s.name(key), lo, hi)
		return
	}
	*dst = int(n)
}

// object reads a free-form object and remembers where each of its keys is.
func (s *scope) object(key string, dst *map[string]any) {
	v, ok := s.get(key)
	if !ok || !s.want(key, v, kindObject) {
		return
	}
	s.d.mark(s.child(key), s.at(key), &v)
	*dst = v.plain().(map[string]any)
}

// secrets reads an object of strings.
func (s *scope) secrets(key string, dst *map[string]Secret) {
	v, ok := s.get(key)
	if !ok || !s.want(key, v, kindObject) {
		return
	}
	s.d.mark(s.child(key), s.at(key), &v)
	result := make(map[string]Secret, len(v.fields))
	for _, f := range v.fields {
		if s.wantNamed(s.name(key)+"."+f.key, f.val, kindString) {
			result[f.key] = NewSecret(f.val.str)
		}
	}
	*dst = result
}

// block returns the scope of a block without a label, nil if it is absent. A second one is a mistake.
func (s *scope) block(name string) *scope {
	s.blocks[name] = true
	var found *scope
	for _, b := range s.body.Blocks {
		if b.Type != name {
			continue
		}
		at := rangeOf(b.DefRange())
		switch {
		case len(b.Labels) > 0:
			s.d.error(rangeOf(b.LabelRanges[0]), "remove it", "block %s takes no name", name)
		case found != nil:
			s.d.error(at, "put everything in one block", "block %s is there twice, first at %s", name, found.header)
		default:
			found = s.d.scope(s.child(name), at, b.Body)
		}
	}
	return found
}

// labelled calls each for every block of the type with its label, which is a valid name and unique.
func (s *scope) labelled(name string, each func(label string, b *scope)) {
	s.blocks[name] = true
	first := map[string]Range{}
	for _, b := range s.body.Blocks {
		if b.Type != name {
			continue
		}
		at := rangeOf(b.DefRange())
		if len(b.Labels) != 1 {
			s.d.error(at, "write "+name+` "name" { … }`, "block %s takes one name, not %d", name, len(b.Labels))
			continue
		}
		label := b.Labels[0]
		if _, err := parseName(label); err != nil {
			s.d.error(rangeOf(b.LabelRanges[0]), hintOf(err), "%s: %v", name, err)
		}
		if before, twice := first[label]; twice {
			s.d.error(rangeOf(b.LabelRanges[0]), "rename one of them", "%s %q is there twice, first at %s", name, label, before)
		} else {
			first[label] = at
		}
		each(label, s.d.scope(s.child(name, label), at, b.Body))
	}
}

// finish reports every key and block that nobody asked for.
func (s *scope) finish() {
	in := s.what
	if in == "" {
		in = "the file"
	}
	for _, name := range slices.Sorted(maps.Keys(s.body.Attributes)) {
		if s.keys[name] {
			continue
		}
		at := rangeOf(s.body.Attributes[name].NameRange)
		if s.blocks[name] {
			s.d.error(at, "write "+name+" { … } without =", "%s is a block in %s", name, in)
			continue
		}
		hint := suggest(name, slices.Collect(maps.Keys(s.keys)))
		if len(s.keys) == 0 {
			hint = "here may only be blocks"
		}
		s.d.error(at, hint, "unknown key %q in %s", name, in)
	}
	for _, b := range s.body.Blocks {
		if s.blocks[b.Type] {
			continue
		}
		at := rangeOf(b.TypeRange)
		if s.keys[b.Type] {
			s.d.error(at, "write "+b.Type+" = …", "%s is a key in %s, not a block", b.Type, in)
			continue
		}
		s.d.error(at, suggest(b.Type, slices.Collect(maps.Keys(s.blocks))), "unknown block %q in %s", b.Type, in)
	}
}
