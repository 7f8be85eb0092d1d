package config

import (
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

type kind int

const (
	kindNull kind = iota
	kindString
	kindNumber
	kindBool
	kindList
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "a boolean", "a list", "an object"}[k]
}

// value is an evaluated expression that still knows where it stood.
type value struct {
	kind     kind
	str      string
	num      *big.Float
	boolean  bool
	list     []value
	fields   []field // in file order, keys unique
	rng      Range
	computed bool // the string came out of env or file; then "true" may stand for true and "5" for 5
}

type field struct {
	key    string
	keyRng Range
	val    value
}

// eval evaluates the small language of the file. It reports what it does not accept and then returns ok = false;
// in lists and objects it goes on, so that all mistakes are found at once.
func (d *decoder) eval(expr hclsyntax.Expression) (v value, ok bool) {
	v.rng = rangeOf(expr.Range())
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return d.eval(e.Expression)
	case *hclsyntax.TemplateWrapExpr: // "${x}" and nothing else
		v, ok = d.eval(e.Wrapped)
		v.rng = rangeOf(e.SrcRange)
		return v, ok
	case *hclsyntax.LiteralValueExpr:
		return d.literal(e.Val, v)
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpNegate {
			if inner, ok := d.eval(e.Val); ok && inner.kind == kindNumber {
				v.kind, v.num = kindNumber, new(big.Float).Neg(inner.num)
				return v, true
			}
		}
	case *hclsyntax.TemplateExpr:
		return d.template(e, v)
	case *hclsyntax.TupleConsExpr:
		return d.tuple(e, v)
	case *hclsyntax.ObjectConsExpr:
		return d.object(e, v)
	case *hclsyntax.FunctionCallExpr:
		return d.call(e, v)
	case *hclsyntax.ScopeTraversalExpr:
		hint := "put text in quotes"
		if root := e.Traversal.RootName(); d.inTemplate > 0 {
			hint = "write {" + root + "} for a placeholder, $${…} for the characters ${…} themselves"
		}
		d.error(v.rng, hint, "there are no variables")
		return v, false
	}
	d.error(v.rng, "write the value itself, or use env(\"NAME\") or file(\"path\")", "this kind of expression is not supported")
	return v, false
}

func (d *decoder) literal(val cty.Value, v value) (value, bool) {
	switch {
	case val.IsNull():
		v.kind = kindNull
	case val.Type() == cty.String:
		v.kind, v.str = kindString, val.AsString()
	case val.Type() == cty.Bool:
		v.kind, v.boolean = kindBool, val.True()
	case val.Type() == cty.Number:
		v.kind, v.num = kindNumber, val.AsBigFloat()
		if _, accuracy := v.num.Int64(); v.num.IsInt() && accuracy != big.Exact {
			d.error(v.rng, "put it in quotes to keep every digit", "the number is too large")
			return v, false
		}
	default:
		d.error(v.rng, "", "this kind of value is not supported")
		return v, false
	}
	return v, true
}

// template joins the parts of "text ${env("X")} text"; here documents come as templates too.
func (d *decoder) template(e *hclsyntax.TemplateExpr, v value) (value, bool) {
	d.inTemplate++
	defer func() { d.inTemplate-- }()
	v.kind = kindString
	ok := true
	for _, part := range e.Parts {
		p, partOK := d.eval(part)
		switch {
		case !partOK:
			ok = false
		case p.kind != kindString:
			d.error(p.rng, "", "only strings can be put into a string, not %s", p.kind)
			ok = false
		default:
			v.str += p.str
			v.computed = v.computed || p.computed
		}
	}
	return v, ok
}

func (d *decoder) tuple(e *hclsyntax.TupleConsExpr, v value) (value, bool) {
	v.kind = kindList
	v.list = make([]value, 0, len(e.Exprs))
	ok := true
	for _, expr := range e.Exprs {
		item, itemOK := d.eval(expr)
		ok = ok && itemOK
		v.list = append(v.list, item)
	}
	return v, ok
}

func (d *decoder) object(e *hclsyntax.ObjectConsExpr, v value) (value, bool) {
	v.kind = kindObject
	ok := true
	first := make(map[string]Range, len(e.Items))
	for _, item := range e.Items {
		key, keyOK := d.key(item.KeyExpr)
		val, valOK := d.eval(item.ValueExpr)
		if !keyOK || !valOK {
			ok = false
			continue
		}
		rng := rangeOf(item.KeyExpr.Range())
		if before, twice := first[key]; twice {
			d.error(rng, "remove one of them", "key %q is set twice, first at %s", key, before)
			ok = false
			continue
		}
		first[key] = rng
		v.fields = append(v.fields, field{key, rng, val})
	}
	return v, ok
}

// key evaluates the key of an object: a bare word or a string.
func (d *decoder) key(expr hclsyntax.Expression) (string, bool) {
	if e, isKey := expr.(*hclsyntax.ObjectConsKeyExpr); isKey {
		if word := hcl.ExprAsKeyword(e.Wrapped); word != "" && !e.ForceNonLiteral {
			return word, true
		}
		expr = e.Wrapped
	}
	v, ok := d.eval(expr)
	if !ok {
		return "", false
	}
	if v.kind != kindString || v.str == "" {
		d.error(v.rng, "put the key in quotes", "a key must be a word or a string that is not empty")
		return "", false
	}
	return v.str, true
}

// plain turns v into what JSON and MessagePack encoders take: nil, string, bool, int64, float64, []any, map[string]any.
// Integers that fit are int64, all other numbers float64.
func (v value) plain() any {
	switch v.kind {
	case kindString:
		return v.str
	case kindBool:
		return v.boolean
	case kindNumber:
		if i, accuracy := v.num.Int64(); accuracy == big.Exact {
			return i
		}
		f, _ := v.num.Float64()
		return f
	case kindList:
		list := make([]any, len(v.list))
		for i, item := range v.list {
			list[i] = item.plain()
		}
		return list
	case kindObject:
		object := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			object[f.key] = f.val.plain()
		}
		return object
	}
	return nil
}
