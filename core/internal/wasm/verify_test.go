package wasm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var none = binary.FuncType{}

func TestVerifyListsOperations(t *testing.T) {
	for _, blocking := range []bool{false, true} {
		code := guest.Asm{Operations: []string{abi.OpKVPut, abi.OpHTTPFetch, abi.OpKVGet}, Blocking: blocking}.Bytes()
		got, err := wasm.Verify(code)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{abi.OpHTTPFetch, abi.OpKVGet, abi.OpKVPut}; !slices.Equal(got.Operations, want) || got.Blocking != blocking {
			t.Errorf("%+v, want %v", got, want)
		}
	}
}

// TestVerifyRefuses: each fault with its exact text, and nothing else with it.
func TestVerifyRefuses(t *testing.T) {
	i32 := binary.I32
	one := []binary.ValueType{i32}
	three := binary.FuncType{Params: []binary.ValueType{i32, i32, i32}}
	bare := func(edit func(*binarytest.Builder)) []byte {
		b := binarytest.New()
		edit(b)
		return b.Bytes()
	}
	change := func(edit func(*binarytest.Builder)) []byte { return guest.Asm{Change: edit}.Bytes() }
	for _, c := range []struct {
		name string
		code []byte
		want []string
	}{
		{"nothing", bare(func(*binarytest.Builder) {}), []string{
			"export patchbay_abi is missing", "export patchbay_buffer is missing", "export patchbay_start is missing",
			"export memory is missing",
		}},
		{"suspending without a way back", bare(func(b *binarytest.Builder) {
			b.ImportFunc("patchbay", "http_fetch", three)
			b.Func("patchbay_abi", binary.FuncType{Results: one}, 0x41, 0, 0x0b)
			b.Func("patchbay_buffer", binary.FuncType{Params: one, Results: one}, 0x41, 0, 0x0b)
			b.Func("patchbay_start", binary.FuncType{Params: []binary.ValueType{i32, i32}, Results: one}, 0x41, 0, 0x0b)
			b.Memory(1, 1)
			b.Export("memory", binary.KindMemory, 0)
		}), []string{"export patchbay_resume is missing", "export patchbay_cancel is missing"}},
		{"both forms", guest.Asm{Operations: []string{abi.OpKVGet}, Import: importBlocking("http_fetch")}.Bytes(), []string{
			`operations are imported in both forms, from "patchbay" (kv_get) and from "patchbay_blocking"; a file uses one of them`}},
		{"take beside suspending operations", guest.Asm{Operations: []string{abi.OpKVGet, abi.OpHTTPFetch}, Import: func(b *binarytest.Builder) {
			b.ImportFunc("patchbay_blocking", "take", binary.FuncType{Params: one})
		}}.Bytes(), []string{
			`operations are imported in both forms, from "patchbay" (kv_get, http_fetch) and from "patchbay_blocking"; a file uses one of them`}},
		{"blocking form of reply", guest.Asm{Import: importBlocking("reply")}.Bytes(), []string{"import reply is no operation of contract version 1"}},
		{"blocking signatures", guest.Asm{Import: func(b *binarytest.Builder) {
			b.ImportFunc("patchbay_blocking", "http_fetch", three)
			b.ImportFunc("patchbay_blocking", "take", three)
			b.ImportFunc("patchbay", "take", binary.FuncType{Params: one})
		}}.Bytes(), []string{
			"import http_fetch has the signature (i32, i32, i32) -> (), the contract says (i32, i32, i32) -> i32",
			"import take has the signature (i32, i32, i32) -> (), the contract says (i32) -> ()",
			"import take has the signature (i32) -> (), the contract says (i32, i32, i32) -> ()",
		}},
		{"wrong signature and kind", bare(func(b *binarytest.Builder) {
			b.Func("patchbay_abi", none, 0x0b)
			b.Func("patchbay_buffer", binary.FuncType{Params: []binary.ValueType{binary.I64}, Results: []binary.ValueType{i32}}, 0x41, 0, 0x0b)
			start := b.Func("patchbay_start", binary.FuncType{Params: []binary.ValueType{i32, i32}, Results: []binary.ValueType{i32}}, 0x41, 0, 0x0b)
			b.Export("patchbay_resume", binary.KindFunc, start)
			b.Export("patchbay_cancel", binary.KindMemory, 0)
			b.Memory(1, 1)
			b.Export("memory", binary.KindMemory, 0)
		}), []string{
			"export patchbay_abi has the signature () -> (), the contract says () -> i32",
			"export patchbay_buffer has the signature (i64) -> i32, the contract says (i32) -> i32",
			"export patchbay_cancel is a memory, not a function",
		}},
		{"_initialize with a result", change(func(b *binarytest.Builder) {
			b.Func("_initialize", binary.FuncType{Results: []binary.ValueType{i32}}, 0x41, 0, 0x0b)
		}), []string{"export _initialize is not a function () -> ()"}},
		{"start section", change(func(b *binarytest.Builder) {
			b.Raw(binary.SectionStart, byte(b.Func("", none, 0x0b)))
		}), []string{"a start section runs code before the host can limit it; export _initialize instead"}},
		{"unknown operation", guest.Asm{Operations: []string{"launch_missiles"}}.Bytes(),
			[]string{"import launch_missiles is no operation of contract version 1"}},
		{"foreign imports", foreignImports(three), []string{
			`import env.abort: the host offers "patchbay", "patchbay_blocking" and "wasi_snapshot_preview1" only`,
			"import http_fetch has the signature () -> (), the contract says (i32, i32, i32) -> ()",
			"import env.table is a memory, not a function",
		}},
		{"not a wasm file", []byte("PK\x03\x04 not wasm at all"), nil},
		{"empty", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := wasm.Verify(c.code)
			var v *wasm.VerifyError
			switch {
			case err == nil:
				t.Fatal("it passes")
			case c.want == nil:
				if errors.As(err, &v) {
					t.Fatalf("%v, want the parser's error", err)
				}
			case !errors.As(err, &v):
				t.Fatal(err)
			case !slices.Equal(v.Problems, c.want):
				t.Fatalf("problems:\n%s\nwant:\n%s", strings.Join(v.Problems, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// importBlocking adds an import of the blocking form.
func importBlocking(name string) func(*binarytest.Builder) {
	i32 := binary.I32
	return func(b *binarytest.Builder) {
		b.ImportFunc("patchbay_blocking", name, binary.FuncType{Params: []binary.ValueType{i32, i32, i32}, Results: []binary.ValueType{i32}})
	}
}

// foreignImports has the exports of the contract and imports that it does not
// know.
func foreignImports(three binary.FuncType) []byte {
	i32 := binary.I32
	b := binarytest.New()
	b.ImportFunc("env", "abort", none)
	b.ImportFunc("patchbay", "http_fetch", none)
	b.ImportFunc("patchbay", "reply", three)
	b.Item(binary.SectionImport, append(binary.AppendName(binary.AppendName(nil, "env"), "table"), byte(binary.KindMemory), 0, 1)...)
	constant := []byte{0x41, 0, 0x0b}
	b.Item(binary.SectionFunction, binary.AppendU32(nil, b.Type(binary.FuncType{Results: []binary.ValueType{i32}}))...)
	b.Item(binary.SectionFunction, binary.AppendU32(nil, b.Type(binary.FuncType{Params: []binary.ValueType{i32}, Results: []binary.ValueType{i32}}))...)
	b.Item(binary.SectionFunction, binary.AppendU32(nil, b.Type(binary.FuncType{Params: []binary.ValueType{i32, i32}, Results: []binary.ValueType{i32}}))...)
	b.Item(binary.SectionFunction, binary.AppendU32(nil, b.Type(binary.FuncType{Params: []binary.ValueType{i32}}))...)
	for _, code := range [][]byte{constant, constant, constant, {0x0b}} {
		b.Item(binary.SectionCode, append([]byte{byte(len(code) + 1), 0}, code...)...)
	}
	for i, name := range []string{"patchbay_abi", "patchbay_buffer", "patchbay_start", "patchbay_cancel"} {
		b.Export(name, binary.KindFunc, uint32(3+i))
	}
	b.Export("patchbay_resume", binary.KindFunc, 5)
	b.Export("memory", binary.KindMemory, 0)
	return b.Bytes()
}

func TestCompileRefuses(t *testing.T) {
	e := guest.Engine(t)
	for _, c := range []struct {
		name string
		code []byte
		mb   int
		want string
	}{
		{"the contract is broken", []byte("\x00asm\x01\x00\x00\x00"), 0, "breaks the contract"},
		{"metered by itself", guest.Asm{Change: func(b *binarytest.Builder) {
			b.Item(binary.SectionGlobal, byte(binary.I64), 1, 0x42, 0, 0x0b)
			b.Export("patchbay.slice", binary.KindGlobal, 0)
		}}.Bytes(), 0, "metering: "},
		{"code that does not validate", guest.Asm{Resume: guest.Body()}.Bytes(), 0, "compile: "},
		{"more memory than allowed", guest.Asm{Pages: 17, MaxPages: 17}.Bytes(), 1, "compile: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := e.Compile(t.Context(), c.code, c.mb)
			if err == nil {
				_ = p.Close(t.Context())
				t.Fatal("it compiles")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// FuzzVerify: no file makes the checks before compilation panic.
func FuzzVerify(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add(guest.Asm{Operations: []string{abi.OpHTTPFetch}}.Bytes())
	f.Add(foreignImports(none))
	f.Add(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true}.Bytes())
	f.Fuzz(func(t *testing.T, code []byte) {
		imports, err := wasm.Verify(code)
		if err == nil && !slices.IsSorted(imports.Operations) {
			t.Error(imports.Operations)
		}
	})
}
