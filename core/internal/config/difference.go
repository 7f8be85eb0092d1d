package config

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Differences names the keys and blocks in which two configurations differ, sorted:
// "gateway.listen", "limits.user", "freeswitch", "module", "provider". Where in the
// files they stand does not count.
func Differences(a, b *Config) []string {
	var out []string
	compare(nil, reflect.ValueOf(*a), reflect.ValueOf(*b), &out)
	slices.Sort(out)
	return slices.Compact(out)
}

// blocks are the paths of fields whose key in the file is not their name.
var blocks = map[string]string{
	"free_switch": "freeswitch", "modules": "module", "providers": "provider", "guards": "guard",
	"gateway.drain.time": "gateway.drain", "gateway.drain.notice": "gateway.drain_notice",
}

func compare(path []string, a, b reflect.Value, out *[]string) {
	if a.Kind() == reflect.Struct && a.NumField() > 0 && a.Type().PkgPath() == reflect.TypeFor[Config]().PkgPath() && hasKeys(a.Type()) {
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				compare(append(slices.Clone(path), snake(f.Name)), a.Field(i), b.Field(i), out)
			}
		}
		return
	}
	if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() && a.Type().Elem().Kind() == reflect.Struct {
		compare(path, a.Elem(), b.Elem(), out)
		return
	}
	if !equal(a, b) {
		name := strings.Join(path, ".")
		if own, ok := blocks[name]; ok {
			name = own
		}
		*out = append(*out, name)
	}
}

// hasKeys reports whether a struct stands for a block: others are single values.
func hasKeys(t reflect.Type) bool {
	return t != reflect.TypeFor[Rate]() && t != reflect.TypeFor[Secret]()
}

func equal(a, b reflect.Value) bool {
	if zone, ok := a.Interface().(*time.Location); ok {
		return zone.String() == b.Interface().(*time.Location).String()
	}
	if empty(a) && empty(b) {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func empty(v reflect.Value) bool {
	return (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

// snake writes the name of a field as its key is written: PublicURL is public_url.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		upper := unicode.IsUpper(r)
		if upper && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
