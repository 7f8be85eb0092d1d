package meter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
)

// Names of the two exported globals, both i64 and mutable. The host alone sees them.
const (
	SliceGlobal  = "patchbay.slice"
	BudgetGlobal = "patchbay.budget"
)

// DefaultSlice is the number of units between two exits from the generated code.
const DefaultSlice = 50_000

const (
	bytesPerUnitLog2     = 2       // outside the caches memory.copy and the like move about 4 bytes in the time of an instruction
	unitsPerPageLog2     = 12      // a new page is 64 KiB to clear
	pageLog2             = 16      // of the bytes of a page
	maxTable             = 100_000 // entries that a table may grow to, if it is not larger from the start
	unitsPerNewEntryLog2 = 6       // a table has no other limit on the host's memory
)

// Code that can be jumped over is counted on its own from a cost of foldBelow; what is smaller is paid by what comes
// before it, up to foldAtMost together. Both were measured: see README.md.
const (
	foldBelow  = 16
	foldAtMost = 64
)

// MaxFile bounds the files (in bytes) that Rewrite takes, so that sizes in the result fit in 32 bits.
const MaxFile = 256 << 20

// nameSection holds the function names for stack traces. It stays valid: existing indices do not change.
const nameSection = "name"

// ErrRewritten says that the file already has the meter's globals (or pretends to).
var ErrRewritten = errors.New("file exports the globals of the CPU meter already")

// Options of Rewrite.
type Options struct {
	// Slice is the number of units (≥ 1) between two exits; DefaultSlice if 0.
	Slice int64
	// Keep names the custom sections that stay, besides "name". Sections with offsets into code (DWARF) are wrong afterwards.
	Keep []string
}

func sliceOrDefault(n int64) int64 {
	if n == 0 {
		return DefaultSlice
	}
	return n
}

// Rewrite returns a copy of a WebAssembly file in which every function entry and every loop is metered. The package comment
// says what is charged. The same input gives the same output. The globals start at 0: until they are armed the guest traps at
// its first instruction, a start section included.
//
// # Errors
//
// ErrRewritten; an error for a slice below 1 or a file above MaxFile; a *binary.SyntaxError for what is malformed, not supported, or refers to
// things that do not exist (such as the globals that are about to be added). The file is not validated further: the engine does that.
func Rewrite(wasm []byte, opts Options) ([]byte, error) {
	if opts.Slice < 0 {
		return nil, fmt.Errorf("meter: slice of %d units, it must be at least 1", opts.Slice)
	}
	if len(wasm) > MaxFile {
		return nil, fmt.Errorf("meter: file of %d bytes, at most %d are taken", len(wasm), MaxFile)
	}
	file, err := binary.Parse(wasm)
	if err != nil {
		return nil, fmt.Errorf("meter: %w", err)
	}
	w := &rewriter{file: file, slice: sliceOrDefault(opts.Slice), keep: append(slices.Clone(opts.Keep), nameSection)}
	return w.run(len(wasm))
}

// IsRewritten says whether the file exports one of the meter's globals. It repeats what the file says: use it to explain, not to
// trust a file from outside, which may export globals of that name and count nothing. Rewrite refuses such a file.
func IsRewritten(file *binary.File) bool {
	_, slice := file.Export(SliceGlobal)
	_, budget := file.Export(BudgetGlobal)
	return slice || budget
}

type rewriter struct {
	file  *binary.File
	slice int64
	keep  []string
	added added
	out   []byte
}

// run builds the new file: sections in their order, those that are missing and needed put in where they belong.
func (w *rewriter) run(size int) ([]byte, error) {
	f := w.file
	if IsRewritten(f) {
		return nil, fmt.Errorf("meter: %w (%s, %s)", ErrRewritten, SliceGlobal, BudgetGlobal)
	}
	globals, types := f.Count(binary.KindGlobal), uint32(len(f.Types))
	w.added = added{
		slice: globals, budget: globals + 1,
		next: types, measure: types + 1, area: types + 2,
		refill: f.Count(binary.KindFunc),
	}
	w.out = append(make([]byte, 0, size+size/2), binary.Header()...)

	missing := w.missing()
	for _, s := range f.Sections {
		if s.ID == binary.SectionCustom {
			if slices.Contains(w.keep, s.Name) {
				w.out = binary.AppendCustomSection(w.out, s.Name, s.Body)
			}
			continue
		}
		for len(missing) > 0 && missing[0].Rank() < s.ID.Rank() {
			if err := w.section(binary.Section{ID: missing[0], Body: []byte{0}}); err != nil {
				return nil, err
			}
			missing = missing[1:]
		}
		if err := w.section(s); err != nil {
			return nil, fmt.Errorf("meter: %w", err)
		}
	}
	for _, id := range missing {
		if err := w.section(binary.Section{ID: id, Body: []byte{0}}); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// missing lists the sections to add, in their order. A file with functions has the type, function and code sections.
func (w *rewriter) missing() []binary.SectionID {
	need := []binary.SectionID{binary.SectionGlobal, binary.SectionExport}
	if _, ok := w.file.Memory(); !ok {
		need = slices.Insert(need, 0, binary.SectionMemory)
	}
	return slices.DeleteFunc(need, func(id binary.SectionID) bool {
		return slices.ContainsFunc(w.file.Sections, func(s binary.Section) bool { return s.ID == id })
	})
}

// section writes one section, extended if the meter has something to add to it.
func (w *rewriter) section(s binary.Section) error {
	metered := len(w.file.Functions) > 0
	switch {
	case s.ID == binary.SectionType && metered:
		w.extend(s, []byte{0x60, 1, byte(binary.I64), 1, byte(binary.I64)}, []byte{0x60, 1, byte(binary.I32), 1, byte(binary.I32)},
			[]byte{0x60, 3, byte(binary.I32), byte(binary.I32), byte(binary.I32), 0})
	case s.ID == binary.SectionFunction && metered:
		measure, area := binary.AppendU32(nil, w.added.measure), binary.AppendU32(nil, w.added.area)
		w.extend(s, binary.AppendU32(nil, w.added.next), measure, measure, measure, measure, area, area)
	case s.ID == binary.SectionTable:
		w.out = binary.AppendSection(w.out, s.ID, w.tables())
	case s.ID == binary.SectionMemory:
		if _, ok := w.file.Memory(); ok {
			w.extend(s)
			break
		}
		w.extend(s, []byte{1, 0, 0}) // no pages: only there to leave the generated code through memory.grow
	case s.ID == binary.SectionGlobal:
		zero := []byte{byte(binary.I64), 1, opI64Const, 0, opEnd}
		w.extend(s, zero, zero)
	case s.ID == binary.SectionExport:
		w.extend(s, exportGlobal(SliceGlobal, w.added.slice), exportGlobal(BudgetGlobal, w.added.budget))
	case s.ID == binary.SectionCode && metered:
		return w.code()
	case s.ID == binary.SectionData:
		w.out = binary.AppendSection(w.out, s.ID, w.file.JoinData(s))
	default:
		w.out = binary.AppendSection(w.out, s.ID, s.Body)
	}
	return nil
}

func exportGlobal(name string, index uint32) []byte {
	return binary.AppendU32(append(binary.AppendName(nil, name), byte(binary.KindGlobal)), index)
}

// tables is the table section with an end to each table's growth: the engine keeps tables on the host's heap, 8 bytes an
// entry, where no limit of a guest's memory counts them, and one table.fill or table.copy is not divided.
func (w *rewriter) tables() []byte {
	body := binary.AppendU32(nil, uint32(len(w.file.Tables)))
	for _, t := range w.file.Tables {
		most := max(t.Min, maxTable)
		if t.HasMax {
			most = min(most, t.Max)
		}
		body = append(body, byte(t.Elem), 1) // with a maximum
		body = binary.AppendU32(binary.AppendU32(body, t.Min), most)
	}
	return body
}

// extend writes a section that is a vector, with items appended.
func (w *rewriter) extend(s binary.Section, items ...[]byte) {
	r := binary.NewReader(s.Body, s.Offset)
	n := r.U32()
	body := binary.AppendU32(make([]byte, 0, len(s.Body)+64), n+uint32(len(items)))
	body = append(body, s.Body[r.Pos():]...)
	for _, item := range items {
		body = append(body, item...)
	}
	w.out = binary.AppendSection(w.out, s.ID, body)
}

func (w *rewriter) code() error {
	f := w.file
	_, memory := f.Memory()
	sp := space{
		functions: f.Count(binary.KindFunc),
		types:     uint32(len(f.Types)),
		globals:   f.Count(binary.KindGlobal),
		memory:    memory,
	}
	helpers := [][]byte{w.added.refillBody(w.slice)}
	for b := noBulk + 1; b < bulkVariants; b++ {
		helpers = append(helpers, w.added.bulkBody(b))
	}

	var p plan
	var code []byte
	size := 0
	for _, body := range f.Bodies {
		size += len(body.Code)
	}
	section := binary.AppendU32(make([]byte, 0, size+size/2), uint32(len(f.Bodies)+len(helpers)))
	for i, body := range f.Bodies {
		if err := p.read(uint32(len(f.Types[f.Functions[i]].Params)), body, sp); err != nil {
			return err
		}
		code = w.added.code(appendLocal(code[:0], body.Locals), body.Code, &p)
		section = append(binary.AppendU32(section, uint32(len(code))), code...)
	}
	for _, h := range helpers {
		section = append(binary.AppendU32(section, uint32(len(h))), h...)
	}
	w.out = binary.AppendSection(w.out, binary.SectionCode, section)
	return nil
}

// appendLocal appends a vector of local declarations with one i64 more at its end.
func appendLocal(dst, locals []byte) []byte {
	r := binary.NewReader(locals, 0)
	dst = binary.AppendU32(dst, r.U32()+1)
	dst = append(dst, locals[r.Pos():]...)
	return append(dst, 1, byte(binary.I64))
}
