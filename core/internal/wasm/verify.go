package wasm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// VerifyError lists everything in which a plugin breaks the contract.
type VerifyError struct{ Problems []string }

func (e *VerifyError) Error() string {
	return "the plugin breaks the contract: " + strings.Join(e.Problems, "; ")
}

// exports that a guest must have, with their signatures as binary.FuncType
// prints them.
var requiredExports = []struct{ name, signature string }{
	{abi.ExportVersion, "() -> i32"},
	{abi.ExportBuffer, "(i32) -> i32"},
	{abi.ExportStart, "(i32, i32) -> i32"},
	{abi.ExportResume, "(i32, i32) -> i32"},
	{abi.ExportCancel, "(i32) -> ()"},
}

// importSignature is that of reply, log and every operation.
const importSignature = "(i32, i32, i32) -> ()"

var knownOperations = abi.Operations()

const wasiModule = "wasi_snapshot_preview1"

// Verify checks a plugin's exports and imports without running it and returns
// the operations that it imports, sorted. The error is a [*VerifyError], or the
// parser's.
func Verify(code []byte) ([]string, error) {
	file, err := binary.Parse(code)
	if err != nil {
		return nil, err
	}
	var problems []string
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	for _, want := range requiredExports {
		x, ok := file.Export(want.name)
		switch {
		case !ok:
			report("export %s is missing", want.name)
		case x.Kind != binary.KindFunc:
			report("export %s is a %s, not a function", want.name, x.Kind)
		case x.Func.String() != want.signature:
			report("export %s has the signature %s, the contract says %s", want.name, x.Func, want.signature)
		}
	}
	if x, ok := file.Export(abi.ExportInitialize); ok && (x.Kind != binary.KindFunc || x.Func.String() != "() -> ()") {
		report("export %s is not a function () -> ()", abi.ExportInitialize)
	}
	if x, ok := file.Export(abi.ExportMemory); !ok || x.Kind != binary.KindMemory {
		report("export %s is missing", abi.ExportMemory)
	}
	if file.HasStart {
		report("a start section runs code before the host can limit it; export %s instead", abi.ExportInitialize)
	}

	var operations []string
	for _, m := range file.Imports {
		switch {
		case m.Kind != binary.KindFunc:
			report("import %s.%s is a %s, not a function", m.From, m.Name, m.Kind)
		case m.From == wasiModule:
			// wazero checks the name and the signature; without files and
			// sockets nothing in it reaches outside.
		case m.From != abi.ImportModule:
			report("import %s.%s: the host offers %q and %q only", m.From, m.Name, abi.ImportModule, wasiModule)
		case m.Func.String() != importSignature:
			report("import %s has the signature %s, the contract says %s", m.Name, m.Func, importSignature)
		case m.Name == abi.ImportReply || m.Name == abi.ImportLog:
		case !slices.Contains(knownOperations, m.Name):
			report("import %s is no operation of contract version %d", m.Name, abi.Version)
		default:
			operations = append(operations, m.Name)
		}
	}
	if len(problems) > 0 {
		return nil, &VerifyError{problems}
	}
	slices.Sort(operations)
	return slices.Compact(operations), nil
}
