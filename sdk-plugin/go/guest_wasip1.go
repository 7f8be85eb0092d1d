package patchbay

import (
	"unsafe"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// inbound is where the host writes the next message. The host uses it again
// without asking as long as messages fit, so it is copied out at once.
var inbound []byte

//go:wasmexport patchbay_abi
func exportVersion() uint32 { return abi.Version }

//go:wasmexport patchbay_buffer
func exportBuffer(size uint32) unsafe.Pointer {
	if uint32(len(inbound)) < max(size, 1) {
		inbound = make([]byte, max(size, 1))
	}
	return unsafe.Pointer(unsafe.SliceData(inbound))
}

//go:wasmexport patchbay_start
func exportStart(task, size uint32) uint32 { return uint32(start(task, inbound[:size])) }

//go:wasmexport patchbay_resume
func exportResume(task, size uint32) uint32 { return uint32(resume(task, inbound[:size])) }

//go:wasmexport patchbay_cancel
func exportCancel(task uint32) { cancel(task) }

//go:wasmimport patchbay reply
func importReply(task uint32, message unsafe.Pointer, size uint32)

//go:wasmimport patchbay log
func importLog(level uint32, line unsafe.Pointer, size uint32)

func hostReply(task uint32, message []byte) {
	importReply(task, unsafe.Pointer(unsafe.SliceData(message)), uint32(len(message)))
}

func hostLog(level abi.Level, line string) {
	importLog(uint32(level), unsafe.Pointer(unsafe.StringData(line)), uint32(len(line)))
}

// operation is one import of the host. The linker drops the imports of
// operations that a plugin never uses, so its import section lists exactly what
// it can do.
type operation struct {
	name  string
	begin func(task uint32, request unsafe.Pointer, size uint32)
}

func (t *Task) call(op operation, request []byte) []byte {
	op.begin(t.id, unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)))
	return t.suspend()
}

//go:wasmimport patchbay http_fetch
func importHTTPFetch(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay kv_get
func importKVGet(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay kv_put
func importKVPut(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay kv_delete
func importKVDelete(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay kv_list
func importKVList(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay provider_list
func importProviderList(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay provider_call
func importProviderCall(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay journal_begin
func importJournalBegin(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay journal_end
func importJournalEnd(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay journal_report
func importJournalReport(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay users_list
func importUsersList(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_originate
func importFreeswitchOriginate(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_queues
func importFreeswitchQueues(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_tiers
func importFreeswitchTiers(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_agents
func importFreeswitchAgents(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_channels
func importFreeswitchChannels(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_cdr
func importFreeswitchCDR(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay freeswitch_recording
func importFreeswitchRecording(task uint32, request unsafe.Pointer, size uint32)

func opHTTPFetch() operation     { return operation{abi.OpHTTPFetch, importHTTPFetch} }
func opKVGet() operation         { return operation{abi.OpKVGet, importKVGet} }
func opKVPut() operation         { return operation{abi.OpKVPut, importKVPut} }
func opKVDelete() operation      { return operation{abi.OpKVDelete, importKVDelete} }
func opKVList() operation        { return operation{abi.OpKVList, importKVList} }
func opProviderList() operation  { return operation{abi.OpProviderList, importProviderList} }
func opProviderCall() operation  { return operation{abi.OpProviderCall, importProviderCall} }
func opJournalBegin() operation  { return operation{abi.OpJournalBegin, importJournalBegin} }
func opJournalEnd() operation    { return operation{abi.OpJournalEnd, importJournalEnd} }
func opJournalReport() operation { return operation{abi.OpJournalReport, importJournalReport} }
func opUsersList() operation     { return operation{abi.OpUsersList, importUsersList} }
func opOriginate() operation     { return operation{abi.OpFreeswitchOriginate, importFreeswitchOriginate} }
func opQueues() operation        { return operation{abi.OpFreeswitchQueues, importFreeswitchQueues} }
func opTiers() operation         { return operation{abi.OpFreeswitchTiers, importFreeswitchTiers} }
func opAgents() operation        { return operation{abi.OpFreeswitchAgents, importFreeswitchAgents} }
func opChannels() operation      { return operation{abi.OpFreeswitchChannels, importFreeswitchChannels} }
func opCDR() operation           { return operation{abi.OpFreeswitchCDR, importFreeswitchCDR} }
func opRecording() operation     { return operation{abi.OpFreeswitchRecording, importFreeswitchRecording} }
