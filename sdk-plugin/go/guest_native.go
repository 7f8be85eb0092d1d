//go:build !wasip1

package patchbay

import (
	"bytes"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// This file lets plugins build, vet and test as ordinary Go programs: host calls
// go to a function that a test gives. Package plugintest wraps it.

// Host answers host calls in native tests: the operation's name (abi.OpHTTPFetch …)
// and its request in, an encoded answer (abi.AppendAnswer) out.
type Host func(operation string, request []byte) (answer []byte)

// Run serves one request natively and returns its reply, or an [*Error]. Logs go
// to the log function when it is not nil.
func Run(request abi.Request, host Host, log func(level abi.Level, line string)) (Reply, error) {
	nativeLog = log
	defer func() { nativeLog = nil }()
	t := &Task{host: host, message: request.Append(nil), out: new([]byte)}
	message, state := t.serve()
	if state == abi.Failed {
		failure := new(abi.Error)
		if err := failure.Decode(message); err != nil {
			return Reply{}, err
		}
		return Reply{}, failure
	}
	var reply Reply
	err := reply.Decode(message)
	return reply, err
}

var nativeLog func(abi.Level, string)

func hostReply(uint32, []byte) {}

func hostLog(level abi.Level, line string) {
	if nativeLog != nil {
		nativeLog(level, line)
	}
}

type operation struct{ name string }

func (t *Task) call(op operation, request []byte) []byte {
	if t.host == nil {
		e := abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: op.name + ": this test gives no host"}
		return abi.AppendAnswer(nil, &e, nil)
	}
	return t.host(op.name, bytes.Clone(request)) // tests keep what they see; the task uses its buffer again
}

func opHTTPFetch() operation     { return operation{abi.OpHTTPFetch} }
func opKVGet() operation         { return operation{abi.OpKVGet} }
func opKVPut() operation         { return operation{abi.OpKVPut} }
func opKVDelete() operation      { return operation{abi.OpKVDelete} }
func opKVList() operation        { return operation{abi.OpKVList} }
func opProviderList() operation  { return operation{abi.OpProviderList} }
func opProviderCall() operation  { return operation{abi.OpProviderCall} }
func opJournalBegin() operation  { return operation{abi.OpJournalBegin} }
func opJournalEnd() operation    { return operation{abi.OpJournalEnd} }
func opJournalReport() operation { return operation{abi.OpJournalReport} }
func opUsersList() operation     { return operation{abi.OpUsersList} }
func opOriginate() operation     { return operation{abi.OpFreeswitchOriginate} }
func opQueues() operation        { return operation{abi.OpFreeswitchQueues} }
func opTiers() operation         { return operation{abi.OpFreeswitchTiers} }
func opAgents() operation        { return operation{abi.OpFreeswitchAgents} }
func opChannels() operation      { return operation{abi.OpFreeswitchChannels} }
func opCDR() operation           { return operation{abi.OpFreeswitchCDR} }
func opRecording() operation     { return operation{abi.OpFreeswitchRecording} }
