package wasm

import (
	"reflect"
	"unsafe"
)

// shrink takes from memory what a compiled plugin keeps there needlessly. wazero
// holds the WebAssembly code that it has compiled, and machine code and initial data
// in memory of its own, of which a guest touches a tenth: 190 MB with fourteen Go
// plugins. The code goes; machine code and data move to a file without a name that is
// mapped in their place, so that the kernel reads the pages that are used.
//
// There is no API for this, so it goes by the names of wazero's fields: a version with
// other fields stays as large as it is, which TestShrink notices. Nothing of the program
// may run yet.
func (p *Program) shrink() {
	compiled := reflect.ValueOf(p.compiled)
	image := newImage(p.engine.cacheDir)
	defer image.close()

	if modules := part(compiled, "compiledEngine", "compiledModules"); modules.Kind() == reflect.Map {
		for entries := modules.MapRange(); entries.Next(); {
			code := part(entries.Value(), "compiledModule", "executables", "executable")
			if code.Kind() == reflect.Slice {
				image.replaceCode(code.Bytes())
			}
		}
	}
	for data := range items(part(compiled, "module", "DataSection")) {
		if init := bytesAt(part(data, "Init")); init != nil {
			*init = image.data(*init)
		}
	}
	for code := range items(part(compiled, "module", "CodeSection")) {
		if body := bytesAt(part(code, "Body")); body != nil {
			*body = nil
		}
	}
	p.mapped, p.machineCode = image.mapped, image.code
}

// started lets the pages go that only the start of a guest needs, three quarters of
// all that it touches.
func (p *Program) started() {
	forgetPages(p.mapped)
	forgetPages(p.machineCode)
}

// part walks along fields, through pointers and interfaces. The result is the zero
// Value when there is no such field.
func part(v reflect.Value, fields ...string) reflect.Value {
	v = follow(v)
	for _, name := range fields {
		if v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		v = follow(v.FieldByName(name))
	}
	return v
}

func follow(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// items yields the items of a slice; of anything else there are none.
func items(v reflect.Value) func(yield func(reflect.Value) bool) {
	return func(yield func(reflect.Value) bool) {
		if v.Kind() != reflect.Slice {
			return
		}
		for i := range v.Len() {
			if !yield(v.Index(i)) {
				return
			}
		}
	}
}

// bytesAt is the field itself, to be changed; nil when it holds something else.
func bytesAt(v reflect.Value) *[]byte {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Uint8 || !v.CanAddr() {
		return nil
	}
	return (*[]byte)(unsafe.Pointer(v.UnsafeAddr()))
}
