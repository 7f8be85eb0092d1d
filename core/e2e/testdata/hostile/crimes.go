package main

import (
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// criminal is a module that loads and misbehaves when it starts or is asked.
type criminal struct {
	id   string
	more string // members of its manifest
	code []byte
}

func asm() guest.Asm { return guest.Asm{} }

// attack answers settings well and then does what code does.
func attack(code ...[]byte) []byte {
	return guest.Body(
		guest.IfKind(abi.Configure, guest.Seq(guest.Reply(), guest.State(abi.Finished))),
		guest.Seq(code...), guest.State(abi.Finished),
	)
}

const (
	pages = 300 // room for a message over the limit
	huge  = abi.MaxMessage + 1
)

// fill writes all over the memory: memory.fill 0x30000, 1, memory.size*64Ki - 0x30000
var fill = guest.Seq(
	guest.Const(0x30000), guest.Const(1), []byte{0x3f, 0}, guest.Const(16), []byte{0x74}, guest.Const(0x30000), []byte{0x6b}, []byte{0xfc, 0x0b, 0},
)

// eat grows by a megabyte and writes all over the memory, again and again.
var eat = guest.Repeat(guest.Seq(guest.Grow(16), fill))

// swell asks for a million entries of a table, again and again: that is memory of the
// host and not of the guest. table.grow 0 (ref.null, 1,000,000)
var swell = guest.Repeat(guest.Seq([]byte{0xd0, byte(binary.FuncRef)}, guest.Const(1_000_000), []byte{0xfc, 0x0f, 0, 0x1a}))

// endless is a table of one entry without a maximum.
func endless(b *binarytest.Builder) { b.Item(binary.SectionTable, byte(binary.FuncRef), 0, 1) }

func criminals() []criminal {
	fetch := guest.CallOperation(0)
	other := append(guest.Task(), append(guest.Const(1), 0x6a)...) // the task's id + 1
	start := byte(2 + 2)                                           // index of patchbay_start: behind two imports, patchbay_abi and patchbay_buffer
	again := []byte{0x20, 0, 0x20, 1, 0x10, start, 0x1a}
	good := (&abi.Reply{Body: abi.StringValue("as many bytes as the answer to an attack has, and no harm")}).Append(nil)
	notUTF8 := (&abi.Reply{Body: abi.Value("\xa2\xff\xfe")}).Append(nil)
	// An honest answer after some 50 million turns, well within the CPU budget.
	work := guest.Seq(guest.Count(50_000_000), guest.Reply())
	http := asks("http", abi.OpHTTPFetch)
	little := `"limits": {"cpu": 500},` // or the test would wait for seconds
	code := func(a guest.Asm) []byte { return a.Bytes() }
	return []criminal{
		// It does nothing wrong: what the others are compared with.
		{"evil-none", "", code(guest.Asm{Start: attack(guest.ReplyWith(guest.FreeAt, len(good))), Data: map[uint32][]byte{guest.FreeAt: good}})},
		{"evil-loop", "", code(guest.Asm{Start: attack(guest.Forever())})},
		{"evil-hog", "", code(guest.Asm{Start: attack(work)})},
		{"evil-fill", little, code(guest.Asm{Start: attack(guest.Grow(1900), guest.Repeat(fill)), MaxPages: 65536})},
		{"evil-recursion", "", code(guest.Asm{Start: attack(again)})},
		{"evil-bomb", little, code(guest.Asm{Start: attack(eat), MaxPages: 65536})},
		{"evil-table", little, code(guest.Asm{Start: attack(swell), Change: endless})},
		{"evil-start-bomb", little, code(guest.Asm{Initialize: guest.Body(eat), MaxPages: 65536})},
		{"evil-start-loop", "", code(guest.Asm{Initialize: guest.Body(guest.Forever())})},
		{"evil-version", "", code(guest.Asm{Version: 7})},
		{"evil-twice", "", code(guest.Asm{Start: attack(guest.Reply(), guest.Reply())})},
		{"evil-silent", "", code(guest.Asm{Start: attack()})},
		{"evil-sleeper", "", code(guest.Asm{Start: attack(guest.State(abi.Suspended))})},
		{"evil-id", "", code(guest.Asm{Start: attack(guest.Call3(0, other, guest.ReplyAt, guest.ReplySize))})},
		{"evil-state", "", code(guest.Asm{Start: attack(guest.Reply(), guest.State(77))})},
		{"evil-size", "", code(guest.Asm{Start: attack(guest.Call3(0, guest.Task(), 0, huge)), Pages: pages, MaxPages: pages})},
		{"evil-memory", "", code(guest.Asm{Start: attack(guest.Call3(0, guest.Task(), -16, 64))})},
		{"evil-text", "", code(guest.Asm{Start: attack(guest.ReplyWith(guest.FreeAt, len(notUTF8))), Data: map[uint32][]byte{guest.FreeAt: notUTF8}})},
		{"evil-flood", "", code(guest.Asm{Start: attack(guest.Repeat(guest.WriteLog(guest.RequestAt, guest.RequestSize)))})},
		{"evil-operations", http, code(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Start: attack(fetch, fetch, guest.State(abi.Suspended))})},
		{"evil-reply-wait", http, code(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Start: attack(fetch, guest.Reply())})},
		{"evil-take", `"concurrency": "exclusive", ` + http, code(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true, Start: attack(guest.Take(1, guest.FreeAt))})},
		// It says that it cannot suspend and does: that is allowed, and must work.
		{"evil-exclusive", `"concurrency": "exclusive", ` + http, code(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Start: attack(fetch, guest.State(abi.Suspended))})},
	}
}

// liar is a file that must not load.
type liar struct {
	file, manifest string
	code           []byte
}

func liars() []liar {
	http := asks("http", abi.OpHTTPFetch)
	fetching := guest.Asm{Operations: []string{abi.OpHTTPFetch}}
	blocking := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true}
	both := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Import: func(b *binarytest.Builder) {
		b.ImportFunc(abi.BlockingModule, abi.ImportTake, guest.TakeType)
	}}
	return []liar{
		{"undeclared", module("lie-undeclared", ""), fetching.Bytes()},
		{"blocking", module("lie-blocking", http), blocking.Bytes()},
		{"both", module("lie-both", `"concurrency": "exclusive", `+http), both.Bytes()},
		{"folder", module("../evil", ""), asm().Bytes()},
		{"nothing", "{}", asm().Bytes()},
		{"operation", module("lie-operation", asks("http", "http_everything")), guest.Asm{Operations: []string{"http_everything"}}.Bytes()},
	}
}
