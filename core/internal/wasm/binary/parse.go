package binary

import "slices"

// magic and version of every file.
const header = "\x00asm\x01\x00\x00\x00"

// Header is the eight bytes that every file starts with.
func Header() []byte { return []byte(header) }

// Parse takes a file apart. The result aliases wasm.
//
// # Errors
//
// A *SyntaxError with the offset of the first thing that is malformed, not supported or out of range.
func Parse(wasm []byte) (*File, error) {
	sections, err := scan(wasm)
	if err != nil {
		return nil, err
	}
	p := &parser{file: &File{Sections: sections}}
	for _, s := range sections {
		if s.ID == SectionCustom {
			continue
		}
		r := NewReader(s.Body, s.Offset)
		p.section(r, s.ID)
		if r.Err() == nil && r.Len() > 0 {
			r.Failf("%d bytes are left over at the end of section %d", r.Len(), s.ID)
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
	}
	end := NewReader(nil, len(wasm))
	p.finish(end)
	if end.Err() != nil {
		return nil, end.Err()
	}
	return p.file, nil
}

// scan splits a file into sections and checks their order.
func scan(wasm []byte) ([]Section, error) {
	r := NewReader(wasm, 0)
	if b := r.Bytes(uint32(len(header))); string(b) != header {
		return nil, &SyntaxError{Message: "not a WebAssembly file of version 1 (\\0asm 1)"}
	}
	var sections []Section
	last := 0
	for r.Len() > 0 {
		at := r.Offset()
		s := Section{ID: SectionID(r.Byte())}
		size := r.U32()
		s.Offset = r.Offset()
		s.Body = r.Bytes(size)
		switch {
		case s.ID > SectionDataCount:
			r.FailAtf(at, "unknown section %d", s.ID)
		case s.ID == SectionCustom:
			c := NewReader(s.Body, s.Offset)
			s.Name = c.Name("the name of a custom section")
			if c.Err() != nil && r.Err() == nil {
				return nil, c.Err()
			}
			s.Offset, s.Body = c.Offset(), s.Body[c.Pos():]
		case s.ID.Rank() <= last:
			r.FailAtf(at, "section %d is repeated or out of order", s.ID)
		default:
			last = s.ID.Rank()
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
		sections = append(sections, s)
	}
	return sections, nil
}

// parser fills a File section by section.
type parser struct {
	file         *File
	tableEntries uint64
	dataCount    uint32
	exportNames  map[string]struct{}
}

func (p *parser) section(r *Reader, id SectionID) {
	switch id {
	case SectionType:
		p.types(r)
	case SectionImport:
		p.imports(r)
	case SectionFunction:
		p.functions(r)
	case SectionTable:
		for range count(r, "tables", MaxTables) {
			p.file.Tables = append(p.file.Tables, p.tableType(r))
		}
	case SectionMemory:
		for range count(r, "memories", 1) {
			p.file.Memories = append(p.file.Memories, p.memoryType(r))
		}
	case SectionGlobal:
		p.globals(r)
	case SectionExport:
		p.exports(r)
	case SectionStart:
		p.start(r)
	case SectionElement:
		p.elements(r)
	case SectionDataCount:
		p.file.HasDataCount, p.dataCount = true, r.U32()
	case SectionCode:
		p.code(r)
	case SectionData:
		p.data(r)
	}
}

// finish checks what only shows when all sections are there.
func (p *parser) finish(r *Reader) {
	f := p.file
	if len(f.Functions) != len(f.Bodies) {
		r.Failf("%d functions are declared and %d bodies are given", len(f.Functions), len(f.Bodies))
	}
	if f.HasDataCount && p.dataCount != f.Data {
		r.Failf("the data count section announces %d segments, the data section has %d", p.dataCount, f.Data)
	}
}

// index reads an index and checks it against the size of its index space.
func index(r *Reader, what string, count uint32) uint32 {
	at := r.Offset()
	i := r.U32()
	if r.Err() == nil && i >= count {
		r.FailAtf(at, "%s %d does not exist, there are %d", what, i, count)
		return 0
	}
	return i
}

// count reads the length of a vector and holds it against a limit; 0 after a failure.
func count(r *Reader, what string, most uint32) uint32 {
	at := r.Offset()
	n := r.Count(what)
	if n > most {
		r.FailAtf(at, "%d %s, at most %d are allowed", n, what, most)
		return 0
	}
	return n
}

func (p *parser) types(r *Reader) {
	n := count(r, "types", MaxTypes)
	p.file.Types = make([]FuncType, 0, n)
	for range n {
		at := r.Offset()
		if b := r.Byte(); b != 0x60 {
			r.FailAtf(at, "type form %#02x is not supported, only functions (0x60) are", b)
		}
		t := FuncType{Params: valueTypes(r, "parameters", MaxParams)}
		t.Results = valueTypes(r, "results", MaxResults)
		if r.Err() != nil {
			return
		}
		p.file.Types = append(p.file.Types, t)
	}
}

func valueTypes(r *Reader, what string, most uint32) []ValueType {
	n := count(r, what, most)
	if n == 0 {
		return nil
	}
	types := make([]ValueType, n)
	for i := range types {
		types[i] = valueType(r)
	}
	return types
}

func valueType(r *Reader) ValueType {
	at := r.Offset()
	t := ValueType(r.Byte())
	if !t.Valid() {
		r.FailAtf(at, "unknown value type %#02x", byte(t))
	}
	return t
}

func refType(r *Reader) ValueType {
	at := r.Offset()
	t := ValueType(r.Byte())
	if !t.IsRef() {
		r.FailAtf(at, "%#02x is not a reference type", byte(t))
	}
	return t
}

func (p *parser) imports(r *Reader) {
	for range count(r, "imports", MaxImports) {
		im := Import{From: r.Name("the module of an import"), Name: r.Name("the name of an import")}
		at := r.Offset()
		im.Kind = Kind(r.Byte())
		switch im.Kind {
		case KindFunc:
			if i := index(r, "type", uint32(len(p.file.Types))); r.Err() == nil {
				im.Func = p.file.Types[i]
			}
		case KindTable:
			im.Table = p.tableType(r)
		case KindMemory:
			im.Memory = p.memoryType(r)
		case KindGlobal:
			im.Global = globalType(r)
		default:
			r.FailAtf(at, "unknown kind of import %#02x", byte(im.Kind))
		}
		if r.Err() != nil {
			return
		}
		switch im.Kind {
		case KindFunc:
			p.file.importedFuncs = append(p.file.importedFuncs, im.Func)
		case KindGlobal:
			p.file.importedGlobals = append(p.file.importedGlobals, im.Global)
		}
		p.file.imported[im.Kind]++
		p.file.Imports = append(p.file.Imports, im)
	}
}

func (p *parser) functions(r *Reader) {
	n := count(r, "functions", MaxFunctions)
	p.file.Functions = make([]uint32, 0, n)
	for range n {
		p.file.Functions = append(p.file.Functions, index(r, "type", uint32(len(p.file.Types))))
		if r.Err() != nil {
			return
		}
	}
}

func (p *parser) tableType(r *Reader) TableType {
	at := r.Offset()
	t := TableType{Elem: refType(r)}
	t.Limits = limits(r, "table", 1<<32-1)
	p.tableEntries += uint64(t.Min)
	if p.tableEntries > MaxTableEntries {
		r.FailAtf(at, "the tables start with more than %d entries", MaxTableEntries)
	}
	if p.file.Count(KindTable) >= MaxTables {
		r.FailAtf(at, "more than %d tables", MaxTables)
	}
	return t
}

func (p *parser) memoryType(r *Reader) Limits {
	if p.file.Count(KindMemory) > 0 {
		r.Failf("more than one memory")
	}
	return limits(r, "memory", MaxMemoryPages)
}

func limits(r *Reader, what string, most uint32) Limits {
	at := r.Offset()
	var l Limits
	switch flag := r.Byte(); flag {
	case 0:
	case 1:
		l.HasMax = true
	default:
		r.FailAtf(at, "%s limits of form %#02x are not supported (shared or 64-bit)", what, flag)
	}
	l.Min = r.U32()
	if l.HasMax {
		l.Max = r.U32()
	}
	switch {
	case l.Min > most || l.Max > most:
		r.FailAtf(at, "%s limits exceed %d", what, most)
	case l.HasMax && l.Max < l.Min:
		r.FailAtf(at, "%s minimum %d exceeds its maximum %d", what, l.Min, l.Max)
	}
	return l
}

func globalType(r *Reader) GlobalType {
	g := GlobalType{Type: valueType(r)}
	at := r.Offset()
	switch b := r.Byte(); b {
	case 0:
	case 1:
		g.Mutable = true
	default:
		r.FailAtf(at, "mutability of a global must be 0x00 or 0x01, not %#02x", b)
	}
	return g
}

func (p *parser) globals(r *Reader) {
	for range count(r, "globals", MaxGlobals) {
		g := globalType(r)
		p.constExpr(r)
		if r.Err() != nil {
			return
		}
		p.file.Globals = append(p.file.Globals, g)
	}
}

func (p *parser) exports(r *Reader) {
	n := count(r, "exports", MaxExports)
	p.exportNames = make(map[string]struct{}, n)
	for range n {
		at := r.Offset()
		e := Export{Name: r.Name("the name of an export")}
		if _, ok := p.exportNames[e.Name]; ok {
			r.FailAtf(at, "export %q is repeated", e.Name)
		}
		p.exportNames[e.Name] = struct{}{}
		at = r.Offset()
		e.Kind = Kind(r.Byte())
		if e.Kind > KindGlobal {
			r.FailAtf(at, "unknown kind of export %#02x", byte(e.Kind))
		}
		e.Index = index(r, e.Kind.String(), p.file.Count(e.Kind))
		if r.Err() != nil {
			return
		}
		if e.Kind == KindFunc {
			e.Func, _ = p.file.FuncType(e.Index)
		}
		p.file.Exports = append(p.file.Exports, e)
	}
}

func (p *parser) start(r *Reader) {
	at := r.Offset()
	i := index(r, "function", p.file.Count(KindFunc))
	if r.Err() != nil {
		return
	}
	if t, _ := p.file.FuncType(i); len(t.Params)+len(t.Results) > 0 {
		r.FailAtf(at, "the start function has the type %s, it must be () -> ()", t)
	}
	p.file.HasStart, p.file.StartFunc = true, i
}

func (p *parser) code(r *Reader) {
	n := count(r, "function bodies", MaxFunctions)
	p.file.Bodies = slices.Grow(p.file.Bodies, int(n))
	for range n {
		size := r.U32()
		at := r.Offset()
		b := NewReader(r.Bytes(size), at)
		if r.Err() != nil {
			return
		}
		body := Body{Offset: at}
		locals(b)
		if b.Err() == nil {
			body.Locals, body.Code = b.data[:b.pos:b.pos], b.data[b.pos:]
		}
		if len(body.Code) == 0 || body.Code[len(body.Code)-1] != 0x0b {
			b.Failf("a function body must finish with end (0x0b)")
		}
		if b.Err() != nil {
			r.err = b.Err()
			return
		}
		p.file.Bodies = append(p.file.Bodies, body)
	}
}

func locals(r *Reader) {
	at := r.Offset()
	total := uint64(0)
	for range r.Count("groups of locals") {
		total += uint64(r.U32())
		valueType(r)
		if total > MaxLocals {
			r.FailAtf(at, "more than %d locals in one function", MaxLocals)
			return
		}
	}
}
