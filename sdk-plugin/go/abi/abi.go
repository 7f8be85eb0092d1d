// Package abi is the contract between Patchbay and its plugins: the names and
// signatures of the WebAssembly exports and imports, the messages that cross
// the border, and the codec that writes them (MessagePack).
//
// Host and guest compile the same package, so it imports nothing but std and
// stays small: every byte here is in every plugin. The language-neutral text of
// the contract is sdk-plugin/abi/ABI.md; the golden vectors beside it are
// checked against this package.
package abi

// Version is the contract version that this package speaks. A guest returns it
// from [ExportVersion]; the host refuses every other value.
const Version = 1

// Exports of a guest. All parameters and results are i32.
const (
	// ExportVersion is `patchbay_abi() -> version`.
	ExportVersion = "patchbay_abi"
	// ExportBuffer is `patchbay_buffer(size) -> ptr`: room for inbound messages of
	// up to size bytes. The guest owns the memory and keeps it until the next call
	// of this export; the host writes every message there that fits.
	ExportBuffer = "patchbay_buffer"
	// ExportStart is `patchbay_start(task, len) -> state`: the buffer holds a
	// [Request].
	ExportStart = "patchbay_start"
	// ExportResume is `patchbay_resume(task, len) -> state`: the buffer holds the
	// [Answer] to the operation that the task waits for.
	ExportResume = "patchbay_resume"
	// ExportCancel is `patchbay_cancel(task)`: the task will not be resumed.
	ExportCancel = "patchbay_cancel"
	// ExportInitialize is the reactor start function of WASI, called once.
	ExportInitialize = "_initialize"
	// ExportMemory is the guest's linear memory.
	ExportMemory = "memory"
)

// ImportModule is the module name of the imports that every plugin may use.
const ImportModule = "patchbay"

// BlockingModule offers the operations in their blocking form, for languages whose
// tasks cannot be suspended: `<operation>(task, ptr, len) -> length` returns when
// the operation is done. A file imports operations from one of the two modules
// only, and from this one only with "concurrency": "exclusive".
const BlockingModule = "patchbay_blocking"

// ImportTake is `take(ptr)` of [BlockingModule]: it copies the [Answer], of the
// length that the operation returned, to ptr. Once for each answer.
const ImportTake = "take"

// Imports that need no grant. Every other import of [ImportModule] is an
// operation `(task, ptr, len)` of the capability that its name begins with.
const (
	// ImportReply is `reply(task, ptr, len)`: the task's [Reply], or its [Error]
	// when the state that follows is [Failed]. Exactly once for each task.
	ImportReply = "reply"
	// ImportLog is `log(level, ptr, len)`: one UTF-8 line, see [Level].
	ImportLog = "log"
)

// Operations, each an import `(task, ptr, len)` that begins the operation. The
// request is read before the import returns; the answer comes by
// [ExportResume]. The part before the first underscore is the capability.
const (
	OpHTTPFetch = "http_fetch"

	OpKVGet    = "kv_get"
	OpKVPut    = "kv_put"
	OpKVDelete = "kv_delete"
	OpKVList   = "kv_list"

	OpProviderList = "provider_list"
	OpProviderCall = "provider_call"

	OpJournalBegin  = "journal_begin"
	OpJournalEnd    = "journal_end"
	OpJournalReport = "journal_report"
	// OpJournalReceipt and OpJournalFind: see [JournalReceipt] and [JournalFind].
	OpJournalReceipt = "journal_receipt"
	OpJournalFind    = "journal_find"

	OpUsersList = "users_list"

	OpFreeswitchOriginate = "freeswitch_originate"
	OpFreeswitchQueues    = "freeswitch_queues"
	OpFreeswitchTiers     = "freeswitch_tiers"
	OpFreeswitchAgents    = "freeswitch_agents"
	OpFreeswitchChannels  = "freeswitch_channels"
	OpFreeswitchCDR       = "freeswitch_cdr"
	OpFreeswitchRecording = "freeswitch_recording"
)

// Operations returns the names of all operations of this contract version, in a
// fresh slice.
func Operations() []string {
	return []string{
		OpHTTPFetch,
		OpKVGet, OpKVPut, OpKVDelete, OpKVList,
		OpProviderList, OpProviderCall,
		OpJournalBegin, OpJournalEnd, OpJournalReport, OpJournalReceipt, OpJournalFind,
		OpUsersList,
		OpFreeswitchOriginate, OpFreeswitchQueues, OpFreeswitchTiers, OpFreeswitchAgents,
		OpFreeswitchChannels, OpFreeswitchCDR, OpFreeswitchRecording,
	}
}

// Capability returns the capability that an operation belongs to:
// "http_fetch" → "http". Names without an underscore have none.
func Capability(operation string) string {
	for i := range len(operation) {
		if operation[i] == '_' {
			return operation[:i]
		}
	}
	return ""
}

// State is the result of [ExportStart] and [ExportResume].
type State uint32

// States of a task.
const (
	// Suspended: exactly one operation was begun and not yet answered.
	Suspended State = 0
	// Finished: reply was called with a [Reply].
	Finished State = 1
	// Failed: reply was called with an [Error].
	Failed State = 2
)

// Level is the first argument of [ImportLog].
type Level uint32

// Log levels, as hclog numbers them.
const (
	LevelDebug Level = 2
	LevelInfo  Level = 3
	LevelWarn  Level = 4
	LevelError Level = 5
)

// Limits of one message. The host refuses larger ones with [CodeTooLarge].
const (
	// MaxMessage bounds every message in both directions, in bytes.
	MaxMessage = 16 << 20
	// MaxDepth bounds the nesting of a [Value].
	MaxDepth = 64
)
