package wasm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// misbehaves answers its settings well and then runs code for an action.
func misbehaves(code ...[]byte) []byte {
	return guest.Body(
		guest.IfKind(abi.Configure, guest.Seq(guest.Reply(), guest.State(abi.Finished))),
		guest.Seq(code...), guest.State(abi.Finished),
	)
}

const huge = abi.MaxMessage + 1

// TestContractViolations: every breach ends the guest with its exact reason.
func TestContractViolations(t *testing.T) {
	task, fetch := guest.Task(), guest.CallOperation(0)
	other := append(guest.Task(), append(guest.Const(1), 0x6a)...) // the task's id + 1
	for _, c := range []struct {
		name, want string
		asm        guest.Asm
	}{
		{"two replies", "a second reply to one task", guest.Asm{Start: misbehaves(guest.Reply(), guest.Reply())}},
		{"no reply", "the task ended without a reply", guest.Asm{Start: misbehaves()}},
		{"failed without a reply", "the task ended without a reply", guest.Asm{Start: misbehaves(guest.State(abi.Failed))}},
		{"reply for another task", "reply for a task that is not running", guest.Asm{Start: misbehaves(guest.Call3(0, other, guest.ReplyAt, guest.ReplySize))}},
		{"operation for another task", "http_fetch for a task that is not running", guest.Asm{Start: misbehaves(guest.Call3(2, other, guest.RequestAt, guest.RequestSize))}},
		{"two operations", "http_fetch while http_fetch is not answered yet", guest.Asm{Start: misbehaves(fetch, fetch, guest.State(abi.Suspended))}},
		{"reply instead of waiting", "reply while http_fetch is not answered yet", guest.Asm{Start: misbehaves(fetch, guest.Reply())}},
		{"operation after the reply", "http_fetch after the reply", guest.Asm{Start: misbehaves(guest.Reply(), fetch)}},
		{"ended with an operation", "the task ended while http_fetch is not answered", guest.Asm{Start: misbehaves(fetch)}},
		{"suspended without an operation", "the task is suspended without an operation", guest.Asm{Start: misbehaves(guest.State(abi.Suspended))}},
		{"replied and suspended", "the task replied and is suspended", guest.Asm{Start: misbehaves(guest.Reply(), guest.State(abi.Suspended))}},
		{"unknown state", "unknown state 3", guest.Asm{Start: misbehaves(guest.Reply(), guest.State(3))}},
		{"negative state", "unknown state 4294967295", guest.Asm{Start: misbehaves(guest.Reply(), guest.State(0xffffffff))}},
		{"reply outside the memory", "message outside the guest's memory", guest.Asm{Start: misbehaves(guest.Call3(0, task, 4*65536-1, 2))}},
		{"reply that wraps around", "message outside the guest's memory", guest.Asm{Start: misbehaves(guest.Call3(0, task, 0xffffffff, 2))}},
		{"reply too large", "message over the limit of 16 MiB", guest.Asm{Start: misbehaves(guest.Call3(0, task, 0, huge)), Pages: 300, MaxPages: 300}},
		{"request too large", "message over the limit of 16 MiB", guest.Asm{Start: misbehaves(guest.Call3(2, task, 0, huge)), Pages: 300, MaxPages: 300}},
		{"log line outside the memory", "message outside the guest's memory", guest.Asm{Start: misbehaves(guest.WriteLog(4*65536, 1))}},
		{"buffer outside the memory", "patchbay_buffer returned a place outside the memory",
			guest.Asm{Buffer: guest.Body(guest.IfLong(guest.Const(4*65536-1)), guest.Const(guest.BufferAt))}},
		{"reply from the buffer export", "reply outside patchbay_start and patchbay_resume",
			guest.Asm{Buffer: guest.Body(guest.IfLong(guest.Seq(guest.Reply(), guest.Const(0))), guest.Const(guest.BufferAt))}},
		{"trap", "wasm error: unreachable", guest.Asm{Start: misbehaves(guest.Trap())}},
		{"violation on resume", "a second reply to one task", guest.Asm{
			Start: misbehaves(fetch, guest.State(abi.Suspended)), Resume: guest.Body(guest.Reply(), guest.Reply(), guest.Const(1))}},
		{"no reply on resume", "the task ended without a reply", guest.Asm{
			Start: misbehaves(fetch, guest.State(abi.Suspended)), Resume: guest.Body(guest.Const(1))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.asm.Operations = []string{abi.OpHTTPFetch}
			pool := newPool(t, c.asm.Bytes(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, atOnce())})
			if err := pool.Warm(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err := do(t.Context(), pool, action("x", "long", strings.Repeat("long ", 1000)))
			var dead *wasm.DeadError
			if !errors.As(err, &dead) {
				t.Fatalf("error %v, want a crash", err)
			}
			if got := strings.TrimPrefix(dead.Reason, "contract violation: "); got != c.want {
				t.Errorf("reason %q, want %q", got, c.want)
			}
			if want := strings.Contains(c.name, "resume"); dead.Sent != want {
				t.Errorf("sent %v, want %v", dead.Sent, want)
			}
			if got := pool.Condition(); got.Crashes != 1 || got.Reason != dead.Reason {
				t.Errorf("condition %+v", got)
			}
		})
	}
}

// TestStartRefuses: what is wrong before the first task is the reason why the
// instance does not start.
func TestStartRefuses(t *testing.T) {
	failure := (&abi.Error{Code: abi.CodeInternal, Message: "url", Detail: "it must begin with https"}).Append(nil)
	for _, c := range []struct {
		name, want string
		asm        guest.Asm
	}{
		{"older contract", "the plugin speaks contract version 7, this gateway speaks 1", guest.Asm{Version: 7}},
		{"settings", "the plugin refuses its settings: url: it must begin with https", guest.Asm{
			Data:  map[uint32][]byte{guest.FreeAt: failure},
			Start: guest.Body(guest.ReplyWith(guest.FreeAt, len(failure)), guest.Const(int(abi.Failed)))}},
		{"an error that is none", "the plugin refuses its settings: the plugin's error is malformed: ", guest.Asm{
			Start: guest.Body(guest.ReplyWith(guest.FreeAt, 5), guest.Const(int(abi.Failed)))}},
		{"trap while it starts", "_initialize: the plugin crashed: wasm error: unreachable", guest.Asm{Initialize: guest.Body(guest.Trap())}},
		{"endless start", "_initialize: the plugin crashed: the task used up its CPU budget of 1 million units", guest.Asm{Initialize: guest.Body(guest.Forever())}},
		{"reply while it starts", "_initialize: the plugin crashed: contract violation: reply outside patchbay_start and patchbay_resume",
			guest.Asm{Initialize: guest.Body(guest.Call3(0, guest.Const(0), guest.ReplyAt, guest.ReplySize))}},
		{"trap with its settings", "settings: the plugin crashed: wasm error: unreachable", guest.Asm{Start: guest.Body(guest.Trap())}},
		{"unknown WASI import", "fd_fly", guest.Asm{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := c.asm.Bytes()
			if c.name == "unknown WASI import" {
				code = wasiImport("fd_fly")
			}
			pool := newPool(t, code, wasm.Spec{Limits: wasm.Limits{CPU: 1}})
			err := pool.Warm(t.Context())
			var notReady *wasm.NotReadyError
			if !errors.As(err, &notReady) || !strings.Contains(notReady.Reason, c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			got := pool.Condition()
			if got.State == "warm" || got.Reason != notReady.Reason || got.Crashes != 1 {
				t.Errorf("condition %+v", got)
			}
			// Requests try again and learn the reason, too.
			if _, err := do(t.Context(), pool, action("x")); !errors.As(err, &notReady) || !strings.Contains(notReady.Reason, c.want) {
				t.Errorf("task: %v", err)
			}
			if s := pool.Stats(); s.Guests+s.Draining != 0 || s.Tasks != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func wasiImport(name string) []byte {
	// The imports of Asm come first; one more would move the functions, so this
	// plugin has a raw import section.
	i32x3 := binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32, binary.I32}}
	return guest.Asm{Change: func(b *binarytest.Builder) {
		section := []byte{2}
		for _, full := range [][2]string{{"patchbay", "reply"}, {"wasi_snapshot_preview1", name}} {
			section = binary.AppendName(binary.AppendName(section, full[0]), full[1])
			section = binary.AppendU32(append(section, byte(binary.KindFunc)), b.Type(i32x3))
		}
		b.Raw(binary.SectionImport, section...)
	}}.Bytes()
}

// TestMalformedMessages: bytes that are no reply and no error end their task only.
func TestMalformedMessages(t *testing.T) {
	reply := func(p abi.Reply) []byte { return p.Append(nil) }
	for _, c := range []struct {
		name, want string
		message    []byte
		state      abi.State
	}{
		{"garbage", "the plugin's reply is malformed: ", []byte{0xc1, 0xff, 0x00}, abi.Finished},
		{"empty", "the plugin's reply is malformed: ", nil, abi.Finished},
		{"status", "the plugin's reply is malformed: status 99", reply(abi.Reply{Status: 99}), abi.Finished},
		{"body", "the plugin's reply is malformed: ", reply(abi.Reply{Body: abi.Value("\xa2\xff\xfe")}), abi.Finished},
		{"attachment", "attachment 1 was not opened by this task", reply(abi.Reply{Form: abi.FormAttachment, Attachment: 1}), abi.Finished},
		{"no attachment", "attachment 0 was not opened by this task", reply(abi.Reply{Form: abi.FormAttachment}), abi.Finished},
		{"form", "the plugin's reply is malformed: ", []byte{0x92, 0x00, 0x09}, abi.Finished},
		{"error", "the plugin's error is malformed: ", []byte{0xc1}, abi.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := guest.Asm{
				Data:  map[uint32][]byte{guest.FreeAt: c.message},
				Start: misbehaves(guest.ReplyWith(guest.FreeAt, len(c.message)), guest.State(c.state)),
			}.Bytes()
			pool := newPool(t, code, wasm.Spec{})
			for range 2 { // the guest lives on
				_, err := do(t.Context(), pool, action("x"))
				wantError(t, err, abi.CodeInternal, abi.SourcePlugin, c.want)
			}
			if s := pool.Stats(); s.Crashes != 0 || s.Failures != 2 || s.Guests != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestUngrantedOperation is refused when it is asked for, and known before.
func TestUngrantedOperation(t *testing.T) {
	denied := abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: "http_fetch is not granted to mts"}
	code := guest.Asm{
		Operations: []string{abi.OpHTTPFetch, abi.OpKVGet},
		Start:      misbehaves(guest.CallOperation(0), guest.State(abi.Suspended)),
		// The answer is [error, nil]: fail with the error inside.
		Resume: guest.Body(guest.ReplyWith(guest.BufferAt+1, len(denied.Append(nil))), guest.Const(int(abi.Failed))),
	}.Bytes()
	pool := newPool(t, code, wasm.Spec{Instance: "mts", Operations: operations(abi.OpKVGet, atOnce())})
	_, err := do(t.Context(), pool, action("x"))
	wantError(t, err, denied.Code, denied.Source, denied.Detail)
}
