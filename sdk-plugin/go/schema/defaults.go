package schema

import "github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"

// WithDefaults returns v with the defaults of properties that are absent or null
// filled in, also inside objects and arrays that are there. Missing objects stay
// missing unless they have a default themselves. A missing v becomes the default
// of s, or an empty object for object schemas. Keys keep their order; filled in
// ones follow in the order of the schema. The result does not share memory with
// v when anything had to be filled in.
func (s *Schema) WithDefaults(v abi.Value) abi.Value {
	if !v.Exists() {
		switch {
		case len(s.Default) > 0:
			v = s.Default
		case s.Type == Object:
			v = abi.AppendMap(nil, 0)
		default:
			return v
		}
	}
	if !s.hasDefaults() {
		return v
	}
	return s.appendWithDefaults(nil, v)
}

// hasDefaults reports whether a value that is there could change.
func (s *Schema) hasDefaults() bool {
	if s == nil {
		return false
	}
	for i := range s.properties {
		if p := s.properties[i].Schema; len(p.Default) > 0 || p.hasDefaults() {
			return true
		}
	}
	for _, b := range s.OneOf {
		if b.hasDefaults() {
			return true
		}
	}
	return s.Items.hasDefaults() || s.Additional.hasDefaults()
}

func (s *Schema) appendWithDefaults(dst []byte, v abi.Value) []byte {
	switch {
	case !s.hasDefaults():
	case v.Kind() == abi.Array && s.Items != nil:
		dst = abi.AppendArray(dst, v.Len())
		for e := range v.Elements() {
			dst = s.Items.appendWithDefaults(dst, e)
		}
		return dst
	case v.Kind() == abi.Map && s.OneOf != nil:
		if b := s.Branch(v); b != nil {
			return b.appendWithDefaults(dst, v)
		}
	case v.Kind() == abi.Map:
		return s.appendObject(dst, v)
	}
	return abi.AppendValue(dst, v)
}

func (s *Schema) appendObject(dst []byte, v abi.Value) []byte {
	var o abi.Object
	for key, e := range v.Entries() {
		p := s.Additional
		if known := s.Property(key); known != nil {
			p = known
			if !e.Exists() && len(p.Default) > 0 {
				continue // the default takes its place
			}
		}
		if p != nil {
			e = p.appendWithDefaults(nil, e)
		}
		o.Set(key, e)
	}
	for _, p := range s.properties {
		if len(p.Schema.Default) > 0 && !v.Get(p.Name).Exists() {
			o.Set(p.Name, p.Schema.Default)
		}
	}
	return append(dst, o.Value()...)
}
