package wasm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// VerifyError lists everything in which a plugin breaks the contract.
type VerifyError struct{ Problems []string }

func (e *VerifyError) Error() string {
	return "the plugin breaks the contract: " + strings.Join(e.Problems, "; ")
}

// Imports is what a plugin asks of the host.
type Imports struct {
	// Operations are the names of the operations, sorted.
	Operations []string
	// Blocking reports that they are imported in the form that returns with the
	// answer: each task needs a guest of its own.
	Blocking bool

	refill uint32 // see [meter.Refill]
}

// exports of a guest, with their signatures as binary.FuncType prints them. Those
// that suspended tasks come back by are needed only where tasks are suspended.
var exports = []struct {
	name, signature string
	suspension      bool
}{
	{abi.ExportVersion, "() -> i32", false},
	{abi.ExportBuffer, "(i32) -> i32", false},
	{abi.ExportStart, "(i32, i32) -> i32", false},
	{abi.ExportResume, "(i32, i32) -> i32", true},
	{abi.ExportCancel, "(i32) -> ()", true},
}

// Signatures of imports: of reply, log and operations, and in the blocking form.
const (
	importSignature   = "(i32, i32, i32) -> ()"
	blockingSignature = "(i32, i32, i32) -> i32"
	takeSignature     = "(i32) -> ()"
)

var knownOperations = abi.Operations()

const wasiModule = "wasi_snapshot_preview1"

// Verify checks a plugin's exports and imports without running it. The error is a
// [*VerifyError], or the parser's.
func Verify(code []byte) (*Imports, error) {
	file, err := binary.Parse(code)
	if err != nil {
		return nil, err
	}
	v := &verifier{}
	for _, m := range file.Imports {
		v.checkImport(m)
	}
	if len(v.suspending) > 0 && v.usesBlocking {
		v.report("operations are imported in both forms, from %q (%s) and from %q; a file uses one of them",
			abi.ImportModule, strings.Join(v.suspending, ", "), abi.BlockingModule)
	}
	v.checkExports(file)
	if len(v.problems) > 0 {
		return nil, &VerifyError{v.problems}
	}
	operations := slices.Concat(v.suspending, v.blocking)
	slices.Sort(operations)
	return &Imports{Operations: slices.Compact(operations), Blocking: v.usesBlocking, refill: meter.Refill(file)}, nil
}

type verifier struct {
	problems             []string
	suspending, blocking []string // operations
	usesBlocking         bool
}

func (v *verifier) report(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

func (v *verifier) checkExports(file *binary.File) {
	for _, want := range exports {
		x, ok := file.Export(want.name)
		switch {
		case !ok && want.suspension && len(v.suspending) == 0:
		case !ok:
			v.report("export %s is missing", want.name)
		case x.Kind != binary.KindFunc:
			v.report("export %s is a %s, not a function", want.name, x.Kind)
		case x.Func.String() != want.signature:
			v.report("export %s has the signature %s, the contract says %s", want.name, x.Func, want.signature)
		}
	}
	if x, ok := file.Export(abi.ExportInitialize); ok && (x.Kind != binary.KindFunc || x.Func.String() != "() -> ()") {
		v.report("export %s is not a function () -> ()", abi.ExportInitialize)
	}
	if x, ok := file.Export(abi.ExportMemory); !ok || x.Kind != binary.KindMemory {
		v.report("export %s is missing", abi.ExportMemory)
	}
	if file.HasStart {
		v.report("a start section runs code before the host can limit it; export %s instead", abi.ExportInitialize)
	}
}

func (v *verifier) checkImport(m binary.Import) {
	switch {
	case m.Kind != binary.KindFunc:
		v.report("import %s.%s is a %s, not a function", m.From, m.Name, m.Kind)
	case m.From == wasiModule:
		// wazero checks the name and the signature; without files and
		// sockets nothing in it reaches outside.
	case m.From == abi.ImportModule:
		free := m.Name == abi.ImportReply || m.Name == abi.ImportLog
		if v.isKnown(m, importSignature, free) && !free {
			v.suspending = append(v.suspending, m.Name)
		}
	case m.From == abi.BlockingModule:
		v.usesBlocking = true
		if m.Name == abi.ImportTake {
			v.isKnown(m, takeSignature, true)
		} else if v.isKnown(m, blockingSignature, false) {
			v.blocking = append(v.blocking, m.Name)
		}
	default:
		v.report("import %s.%s: the host offers %q, %q and %q only", m.From, m.Name, abi.ImportModule, abi.BlockingModule, wasiModule)
	}
}

// isKnown checks the signature of an import, and its name unless it is free for
// everybody.
func (v *verifier) isKnown(m binary.Import, signature string, free bool) bool {
	switch {
	case m.Func.String() != signature:
		v.report("import %s has the signature %s, the contract says %s", m.Name, m.Func, signature)
	case !free && !slices.Contains(knownOperations, m.Name):
		v.report("import %s is no operation of contract version %d", m.Name, abi.Version)
	default:
		return true
	}
	return false
}
