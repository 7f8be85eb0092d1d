package admin

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// typeSchemas describes Go types as encoding/json writes them.
type typeSchemas struct {
	components object
	names      map[reflect.Type]string
}

var (
	jsonWriter = reflect.TypeFor[json.Marshaler]()
	textWriter = reflect.TypeFor[encoding.TextMarshaler]()
)

// of returns the schema of a type; structs with a name become components.
func (s *typeSchemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return object{}
	case t.Kind() == reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case t.Implements(jsonWriter), reflect.PointerTo(t).Implements(jsonWriter):
		return object{} // it decides itself
	case t.Implements(textWriter):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		return object{"type": []string{"array", "null"}, "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": []string{"object", "null"}, "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.component(t)
	default:
		return object{"type": "integer"}
	}
}

func nullable(schema object) object {
	if len(schema) == 0 {
		return schema
	}
	return object{"anyOf": []object{schema, {"type": "null"}}}
}

// component describes a struct once and refers to it.
func (s *typeSchemas) component(t reflect.Type) object {
	name, known := s.names[t]
	if !known {
		name = s.name(t)
		s.names[t] = name
		properties, required := object{}, []string{}
		s.fields(t, properties, &required)
		s.components[name] = object{"type": "object", "properties": properties, "required": required}
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// name is the type's own, with its package when that is taken.
func (s *typeSchemas) name(t reflect.Type) string {
	name := t.Name()
	if i := strings.IndexByte(name, '['); i >= 0 { // page[….requestRow]
		inner := name[i+1 : len(name)-1]
		name = inner[strings.LastIndexByte(inner, '.')+1:] + "_" + name[:i]
	}
	name = strings.ToUpper(name[:1]) + name[1:]
	if _, taken := s.components[name]; taken {
		path := t.PkgPath()
		name = path[strings.LastIndexByte(path, '/')+1:] + "_" + name
	}
	return name
}

// fields adds the fields of a struct, those of embedded ones among them. Fields of
// the outer struct hide those of the inner one.
func (s *typeSchemas) fields(t reflect.Type, properties object, required *[]string) {
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			embedded = append(embedded, f.Type)
			continue
		case !f.IsExported() || tag == "-":
			continue
		case tag == "":
			tag = f.Name
		}
		if _, hidden := properties[tag]; hidden {
			continue
		}
		schema := s.of(f.Type)
		if strings.Contains(options, "string") {
			schema = object{"type": "string"}
		}
		properties[tag] = schema
		if !strings.Contains(options, "omit") {
			*required = append(*required, tag)
		}
	}
	for _, e := range embedded {
		if e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		s.fields(e, properties, required)
	}
}
