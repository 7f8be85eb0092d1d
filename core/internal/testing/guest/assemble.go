package guest

import (
	"maps"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Asm is a plugin assembled by hand. The zero value obeys the contract: it
// accepts its settings and answers every request with an empty reply. Code is
// that of a function's body; make it with the functions of this file.
type Asm struct {
	// Operations are imported after reply and log: see [CallOperation].
	Operations []string
	// Blocking imports them in the blocking form, followed by take: see
	// [CallBlocking]. Resume and Cancel are left out then.
	Blocking bool
	// Initialize is the code of _initialize, none without.
	Initialize []byte
	// Version is the contract version that it claims, [abi.Version] when 0.
	Version int
	// Bodies of exports; nil takes the default.
	Buffer, Start, Resume, Cancel []byte
	// Pages is the size of the memory, 4 when 0; MaxPages its limit.
	Pages, MaxPages uint32
	// Data goes into the memory by address.
	Data map[uint32][]byte
	// Import adds imports behind all others.
	Import func(*binarytest.Builder)
	// Change edits the file before it is written: to break the contract.
	Change func(*binarytest.Builder)
}

// Places in the memory of an assembled plugin.
const (
	// BufferAt holds the last message from the host.
	BufferAt = 0x20000
	// ReplyAt holds an empty reply of ReplySize bytes.
	ReplyAt = 0x100
	// RequestAt holds an http_fetch request of RequestSize bytes.
	RequestAt = 0x200
	// FreeAt and above is for the test's own data.
	FreeAt = 0x1000
)

var (
	reply   = new(abi.Reply).Append(nil)
	request = (&abi.HTTPRequest{URL: "http://upstream.test/"}).Append(nil)
)

// Sizes of what every assembled plugin holds.
var (
	ReplySize   = len(reply)
	RequestSize = len(request)
)

// Function types of the contract.
var (
	noneToI32  = binary.FuncType{Results: []binary.ValueType{binary.I32}}
	i32ToI32   = binary.FuncType{Params: []binary.ValueType{binary.I32}, Results: []binary.ValueType{binary.I32}}
	i32x2ToI32 = binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32}, Results: []binary.ValueType{binary.I32}}
	i32ToNone  = binary.FuncType{Params: []binary.ValueType{binary.I32}}
	i32x3      = binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32, binary.I32}}
	i32x3ToI32 = binary.FuncType{Params: i32x3.Params, Results: i32ToI32.Results}
)

// TakeType is the type of import take.
var TakeType = i32ToNone

// Bytes assembles the plugin.
func (a Asm) Bytes() []byte {
	b := binarytest.New()
	b.ImportFunc(abi.ImportModule, abi.ImportReply, i32x3)
	b.ImportFunc(abi.ImportModule, abi.ImportLog, i32x3)
	for _, name := range a.Operations {
		if a.Blocking {
			b.ImportFunc(abi.BlockingModule, name, i32x3ToI32)
		} else {
			b.ImportFunc(abi.ImportModule, name, i32x3)
		}
	}
	if a.Blocking {
		b.ImportFunc(abi.BlockingModule, abi.ImportTake, i32ToNone)
	}
	if a.Import != nil {
		a.Import(b)
	}
	version := a.Version
	if version == 0 {
		version = abi.Version
	}
	if a.Initialize != nil {
		b.Func(abi.ExportInitialize, binary.FuncType{}, a.Initialize...)
	}
	b.Func(abi.ExportVersion, noneToI32, Body(Const(version))...)
	b.Func(abi.ExportBuffer, i32ToI32, or(a.Buffer, Body(Const(BufferAt)))...)
	finish := Body(Reply(), Const(int(abi.Finished)))
	b.Func(abi.ExportStart, i32x2ToI32, or(a.Start, finish)...)
	if !a.Blocking {
		b.Func(abi.ExportResume, i32x2ToI32, or(a.Resume, finish)...)
		b.Func(abi.ExportCancel, i32ToNone, or(a.Cancel, Body())...)
	}
	b.Memory(max(a.Pages, 4), max(a.MaxPages, a.Pages, 4))
	b.Export(abi.ExportMemory, binary.KindMemory, 0)
	data := map[uint32][]byte{ReplyAt: reply, RequestAt: request}
	maps.Copy(data, a.Data)
	for _, at := range slices.Sorted(maps.Keys(data)) {
		item := append(append([]byte{0}, Const(int(at))...), opEnd)
		item = append(binary.AppendU32(item, uint32(len(data[at]))), data[at]...)
		b.Item(binary.SectionData, item...)
	}
	if a.Change != nil {
		a.Change(b)
	}
	return b.Bytes()
}

func or(code, fallback []byte) []byte {
	if code == nil {
		return fallback
	}
	return code
}

const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opReturn      = 0x0f
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opLoad8       = 0x2d
	opGrow        = 0x40
	opI32Const    = 0x41
	opI32Eq       = 0x46
	opI32GtU      = 0x4b
	opI32Add      = 0x6a
	blockNone     = 0x40
)

// Body joins code to the body of a function.
func Body(code ...[]byte) []byte { return append(slices.Concat(code...), opEnd) }

// Seq joins code.
func Seq(code ...[]byte) []byte { return slices.Concat(code...) }

// Const pushes a number.
func Const(n int) []byte { return binary.AppendS64([]byte{opI32Const}, int64(int32(uint32(n)))) }

// Task pushes the first parameter, the task's id.
func Task() []byte { return []byte{opLocalGet, 0} }

// Call3 calls the import of that index with a task id and a message.
func Call3(index int, task []byte, at, size int) []byte {
	return slices.Concat(task, Const(at), Const(size), []byte{opCall, byte(index)})
}

// Reply replies with an empty reply.
func Reply() []byte { return ReplyWith(ReplyAt, ReplySize) }

// ReplyWith replies with a message of the memory.
func ReplyWith(at, size int) []byte { return Call3(0, Task(), at, size) }

// WriteLog logs a line of the memory.
func WriteLog(at, size int) []byte { return Call3(1, Const(int(abi.LevelInfo)), at, size) }

// CallOperation begins the n-th operation with an http_fetch request.
func CallOperation(n int) []byte { return Call3(2+n, Task(), RequestAt, RequestSize) }

// CallBlocking performs the n-th operation in the blocking form and drops the length
// of its answer, which [Take] copies.
func CallBlocking(n int) []byte { return append(CallOperation(n), opDrop) }

// Take copies the answer of the last of n blocking operations to a place.
func Take(n, at int) []byte { return append(Const(at), opCall, byte(2+n)) }

// State returns a state from start or resume.
func State(s abi.State) []byte { return append(Const(int(s)), opReturn) }

// Trap ends the guest.
func Trap() []byte { return []byte{opUnreachable} }

// Forever loops without an end.
func Forever() []byte { return []byte{opLoop, blockNone, opBr, 0, opEnd} }

// Repeat runs code again and again.
func Repeat(code []byte) []byte {
	return slices.Concat([]byte{opLoop, blockNone}, code, []byte{opBr, 0, opEnd})
}

// Count counts down from n, in the function's second parameter.
func Count(n int) []byte {
	return slices.Concat(Const(n), []byte{opLocalSet, 1, opLoop, blockNone, opLocalGet, 1}, Const(-1), []byte{opI32Add, opLocalTee, 1, opBrIf, 0, opEnd})
}

// Grow asks for more memory and ignores whether there is any.
func Grow(pages int) []byte { return append(Const(pages), opGrow, 0, opDrop) }

// IfKind runs code when the message is a request of that kind.
func IfKind(kind abi.RequestKind, code []byte) []byte { return ifByte(1, byte(kind), code) }

// IfName runs code when the message is a request whose name (of at most 31 bytes,
// at no extension point) begins with that letter.
func IfName(letter byte, code []byte) []byte { return ifByte(4, letter, code) }

// IfLong, in the body of Buffer, returns what code pushes when the message is
// longer than 4 KiB, which is what a guest is asked for first.
func IfLong(code []byte) []byte {
	return slices.Concat([]byte{opLocalGet, 0}, Const(4<<10), []byte{opI32GtU, opIf, blockNone}, code, []byte{opReturn, opEnd})
}

// ifByte compares a byte of the message; see abi.Request.Append for the places.
func ifByte(offset int, want byte, code []byte) []byte {
	return slices.Concat(Const(BufferAt+offset), []byte{opLoad8, 0, 0}, Const(int(want)), []byte{opI32Eq, opIf, blockNone}, code, []byte{opEnd})
}
