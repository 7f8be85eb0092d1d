// Package binary reads the WebAssembly binary format, strictly: core specification 2.0 with SIMD, bulk memory, reference
// types, multi-value, sign extension and saturating conversions, which is what wazero 1.12 enables by default. Threads,
// tail calls, exceptions, several memories, 64-bit memories and garbage-collected types are refused.
//
// It exists so that a plugin file can be judged without running or compiling it: what it imports and exports, how much
// memory it wants, which custom sections (the manifest) it carries. It checks the structure, every index that it shows
// and the limits below; types inside function bodies are left to the engine. Function bodies are not decoded here beyond their locals.
//
// Everything that a file makes the reader or the engine allocate is bounded: a claimed length is believed only when the
// bytes are there, and numbers that are small in the file but large in memory (locals, tables) have fixed limits.
package binary

import "fmt"

// Limits beyond the format itself. They follow the limits that the WebAssembly JavaScript interface fixes for browsers, so
// toolchains stay below them; Go guests use a few per cent.
const (
	// MaxLocals bounds the locals of one function, parameters not counted. The engine allocates 8 bytes for each.
	MaxLocals = 50_000
	// MaxParams and MaxResults bound one function type.
	MaxParams  = 1_000
	MaxResults = 1_000
	// MaxTables bounds the tables of a file.
	MaxTables = 100
	// MaxTableEntries bounds the initial entries of all tables together. The engine allocates 8 bytes for each.
	MaxTableEntries = 1_000_000
	// MaxTypes, MaxFunctions, MaxGlobals, MaxImports, MaxExports and MaxSegments (of data, of elements) bound the sections.
	MaxTypes     = 1_000_000
	MaxFunctions = 1_000_000
	MaxGlobals   = 1_000_000
	MaxImports   = 100_000
	MaxExports   = 100_000
	MaxSegments  = 100_000
	// MaxMemoryPages is 4 GiB in pages of 64 KiB, fixed by the format.
	MaxMemoryPages = 1 << 16
)

// ValueType is the type of a local, parameter, result or global.
type ValueType byte

// The value types of the core specification 2.0.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// Valid says whether t is one of the value types.
func (t ValueType) Valid() bool { return t >= V128 && t <= I32 || t.IsRef() }

// IsRef says whether t is a reference type.
func (t ValueType) IsRef() bool { return t == FuncRef || t == ExternRef }

// String returns the name of the text format, such as "i32".
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return fmt.Sprintf("type(%#02x)", byte(t))
}

// Kind is what an import or export is.
type Kind byte

// The kinds of imports and exports.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// String returns the name of the text format.
func (k Kind) String() string {
	switch k {
	case KindFunc:
		return "func"
	case KindTable:
		return "table"
	case KindMemory:
		return "memory"
	case KindGlobal:
		return "global"
	}
	return fmt.Sprintf("kind(%#02x)", byte(k))
}

// FuncType is the signature of a function.
type FuncType struct {
	Params, Results []ValueType
}

// String returns "(i32, i32) -> i64"; nothing stands as "()".
func (t FuncType) String() string {
	results := list(t.Results)
	if len(t.Results) == 1 {
		results = t.Results[0].String()
	}
	return list(t.Params) + " -> " + results
}

func list(types []ValueType) string {
	s := "("
	for i, t := range types {
		if i > 0 {
			s += ", "
		}
		s += t.String()
	}
	return s + ")"
}

// Limits are the sizes of a memory (in pages of 64 KiB) or of a table (in entries).
type Limits struct {
	Min    uint32
	Max    uint32
	HasMax bool
}

// TableType describes a table.
type TableType struct {
	Elem ValueType
	Limits
}

// GlobalType describes a global.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// Import is one entry of the import section. Only the field that belongs to Kind is set.
type Import struct {
	From, Name string
	Kind       Kind
	Func       FuncType
	Table      TableType
	Memory     Limits
	Global     GlobalType
}

// Export is one entry of the export section.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
	// Func is the signature when Kind is KindFunc.
	Func FuncType
}

// Body is one function body, undecoded.
type Body struct {
	// Offset is the place of Locals[0] in the file.
	Offset int
	// Locals is the encoded vector of local declarations, Code the instructions up to and including the final end. Both
	// alias the file.
	Locals, Code []byte
}

// SectionID is the number of a section.
type SectionID byte

// The sections of the core specification 2.0.
const (
	SectionCustom    SectionID = 0
	SectionType      SectionID = 1
	SectionImport    SectionID = 2
	SectionFunction  SectionID = 3
	SectionTable     SectionID = 4
	SectionMemory    SectionID = 5
	SectionGlobal    SectionID = 6
	SectionExport    SectionID = 7
	SectionStart     SectionID = 8
	SectionElement   SectionID = 9
	SectionCode      SectionID = 10
	SectionData      SectionID = 11
	SectionDataCount SectionID = 12
)

// Rank orders sections as they must appear in a file: lower first. Custom sections may stand anywhere, their rank is 0.
func (id SectionID) Rank() int {
	if id == SectionDataCount {
		return 2*int(SectionElement) + 1 // between elements and code
	}
	return 2 * int(id)
}

// Section is one section as it stands in the file.
type Section struct {
	ID SectionID
	// Name is set for custom sections.
	Name string
	// Offset is the place of Body[0] in the file.
	Offset int
	// Body aliases the file. For a custom section it is the payload after the name.
	Body []byte
}

// File is a WebAssembly file taken apart. Its byte slices alias the bytes given to Parse, which must stay unchanged while it is in use.
type File struct {
	Types   []FuncType
	Imports []Import
	// Functions holds the type index of each function that the file defines; Bodies are parallel to it.
	Functions []uint32
	Bodies    []Body
	// Tables, Memories and Globals are those that the file defines; imported ones are in Imports and come first in the index space.
	Tables   []TableType
	Memories []Limits
	Globals  []GlobalType
	Exports  []Export
	// HasStart says that the file has a start function, StartFunc is its index.
	HasStart  bool
	StartFunc uint32
	// Elements and Data count the segments. HasDataCount says that the file has a data count section.
	Elements, Data uint32
	HasDataCount   bool
	// Sections holds all sections in file order.
	Sections []Section

	imported        [KindGlobal + 1]uint32
	importedFuncs   []FuncType
	importedGlobals []GlobalType
}

// Imported is the number of imports of that kind.
func (f *File) Imported(k Kind) uint32 {
	if int(k) >= len(f.imported) {
		return 0
	}
	return f.imported[k]
}

// Count is the size of the index space of that kind: imported plus defined.
func (f *File) Count(k Kind) uint32 {
	switch k {
	case KindFunc:
		return f.Imported(k) + uint32(len(f.Functions))
	case KindTable:
		return f.Imported(k) + uint32(len(f.Tables))
	case KindMemory:
		return f.Imported(k) + uint32(len(f.Memories))
	case KindGlobal:
		return f.Imported(k) + uint32(len(f.Globals))
	}
	return 0
}

// FuncType is the signature of the function with that index; false if there is none.
func (f *File) FuncType(index uint32) (FuncType, bool) {
	if index < uint32(len(f.importedFuncs)) {
		return f.importedFuncs[index], true
	}
	if i := index - uint32(len(f.importedFuncs)); i < uint32(len(f.Functions)) {
		return f.Types[f.Functions[i]], true
	}
	return FuncType{}, false
}

// Memory returns the limits of the file's memory, imported or defined; false if there is none.
func (f *File) Memory() (Limits, bool) {
	for _, im := range f.Imports {
		if im.Kind == KindMemory {
			return im.Memory, true
		}
	}
	if len(f.Memories) > 0 {
		return f.Memories[0], true
	}
	return Limits{}, false
}

// Export returns the export of that name; false if there is none.
func (f *File) Export(name string) (Export, bool) {
	for _, e := range f.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}
