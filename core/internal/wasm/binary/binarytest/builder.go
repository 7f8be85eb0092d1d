// Package binarytest assembles small WebAssembly files for tests, valid and invalid ones alike: it checks nothing.
package binarytest

import (
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
)

// Builder collects the parts of a file. The zero Builder yields the empty file.
type Builder struct {
	sections map[binary.SectionID][][]byte
	raw      map[binary.SectionID][]byte
	customs  []byte
}

// New returns an empty Builder.
func New() *Builder {
	return &Builder{sections: map[binary.SectionID][][]byte{}, raw: map[binary.SectionID][]byte{}}
}

// Item appends one encoded item to a section that is a vector and returns its index there.
func (b *Builder) Item(id binary.SectionID, item ...byte) uint32 {
	b.sections[id] = append(b.sections[id], slices.Clone(item))
	return uint32(len(b.sections[id]) - 1)
}

// Raw sets the whole body of a section.
func (b *Builder) Raw(id binary.SectionID, body ...byte) { b.raw[id] = body }

// Custom puts a custom section at the end.
func (b *Builder) Custom(name string, payload ...byte) {
	b.customs = binary.AppendCustomSection(b.customs, name, payload)
}

// Type appends a function type, once for equal ones.
func (b *Builder) Type(t binary.FuncType) uint32 {
	item := []byte{0x60}
	for _, list := range [][]binary.ValueType{t.Params, t.Results} {
		item = binary.AppendU32(item, uint32(len(list)))
		for _, v := range list {
			item = append(item, byte(v))
		}
	}
	for i, old := range b.sections[binary.SectionType] {
		if slices.Equal(old, item) {
			return uint32(i)
		}
	}
	return b.Item(binary.SectionType, item...)
}

// ImportFunc appends an imported function. Imports come before the functions of the file.
func (b *Builder) ImportFunc(from, name string, t binary.FuncType) {
	item := binary.AppendName(binary.AppendName(nil, from), name)
	b.Item(binary.SectionImport, binary.AppendU32(append(item, byte(binary.KindFunc)), b.Type(t))...)
}

// Func appends a function without locals of its own and exports it unless the name is empty. The code ends with end.
func (b *Builder) Func(export string, t binary.FuncType, code ...byte) uint32 {
	return b.FuncLocals(export, t, []byte{0}, code...)
}

// FuncLocals is Func with an encoded vector of locals.
func (b *Builder) FuncLocals(export string, t binary.FuncType, locals []byte, code ...byte) uint32 {
	imported := uint32(len(b.sections[binary.SectionImport]))
	index := imported + b.Item(binary.SectionFunction, binary.AppendU32(nil, b.Type(t))...)
	body := append(slices.Clone(locals), code...)
	b.Item(binary.SectionCode, append(binary.AppendU32(nil, uint32(len(body))), body...)...)
	if export != "" {
		b.Export(export, binary.KindFunc, index)
	}
	return index
}

// Memory adds a memory of min to max pages.
func (b *Builder) Memory(min, max uint32) {
	b.Item(binary.SectionMemory, binary.AppendU32(binary.AppendU32([]byte{1}, min), max)...)
}

// Table adds a table of functions of min to max entries.
func (b *Builder) Table(min, max uint32) {
	b.Item(binary.SectionTable, binary.AppendU32(binary.AppendU32([]byte{byte(binary.FuncRef), 1}, min), max)...)
}

// Export appends an export.
func (b *Builder) Export(name string, kind binary.Kind, index uint32) {
	b.Item(binary.SectionExport, binary.AppendU32(append(binary.AppendName(nil, name), byte(kind)), index)...)
}

// Bytes returns the file.
func (b *Builder) Bytes() []byte {
	out := binary.Header()
	ids := []binary.SectionID{}
	for id := binary.SectionType; id <= binary.SectionDataCount; id++ {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y binary.SectionID) int { return x.Rank() - y.Rank() })
	for _, id := range ids {
		if body, ok := b.raw[id]; ok {
			out = binary.AppendSection(out, id, body)
		} else if items := b.sections[id]; len(items) > 0 {
			out = binary.AppendSection(out, id, slices.Concat(binary.AppendU32(nil, uint32(len(items))), slices.Concat(items...)))
		}
	}
	return append(out, b.customs...)
}
