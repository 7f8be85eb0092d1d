package plugintest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Freeswitch answers capability freeswitch. A function that is nil answers as if
// no node were up.
type Freeswitch struct {
	Originate func(abi.Originate) (uuid, node string, failure *abi.Error)
	// Queues, Tiers, Agents and Channels return arrays of maps.
	Queues, Tiers, Agents, Channels func() (abi.Value, *abi.Error)
	CDR                             func(id string) (abi.Value, *abi.Error)
	Recording                       func(id string) (abi.Attachment, *abi.Error)
}

// Journal is the fake journal.
type Journal struct {
	// Fail is the answer to every call when it is set.
	Fail *abi.Error
	// Begun and Ended hold intents and outcomes in order. The id of an intent is
	// its position, from "1".
	Begun []abi.JournalBegin
	Ended []abi.JournalEnd
	// Received holds receipts in order.
	Received []abi.JournalReceipt
	// Find answers a search; without it nothing is found.
	Find func(abi.JournalFind) (abi.Value, *abi.Error)
	// Page answers a report.
	Page func(abi.JournalReport) (abi.Attachment, *abi.Error)
}

// answer is the host side of every operation.
func (h *Host) answer(operation string, request []byte) []byte {
	h.Calls = append(h.Calls, Call{operation, slices.Clone(request)})
	if !slices.Contains(h.Manifest.Operations(), operation) {
		h.t.Errorf("plugintest: the plugin uses %s, but plugin.json does not ask for it", operation)
	}
	if err := abi.Check(request); err != nil {
		h.t.Errorf("plugintest: %s: the request is not a well-formed message: %v", operation, err)
	}
	body, failure := h.do(operation, request)
	return abi.AppendAnswer(nil, failure, body)
}

func (h *Host) do(operation string, request []byte) (abi.Value, *abi.Error) {
	switch operation {
	case abi.OpHTTPFetch:
		return h.fetch(request)
	case abi.OpProviderList:
		return h.listProviders(abi.Value(request).Index(0).String()), nil
	case abi.OpProviderCall:
		return h.callProvider(request)
	case abi.OpUsersList:
		return h.users, nil
	}
	switch abi.Capability(operation) {
	case "journal":
		return h.journal(operation, request)
	case "kv":
		return h.kv(operation, request)
	case "freeswitch":
		return h.askFreeswitch(operation, request)
	}
	return nil, denied(operation)
}

func denied(what string) *abi.Error {
	return &abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: what + ": the test gives no answer for it"}
}

func broken(operation string, err error) *abi.Error {
	return &abi.Error{Code: abi.CodeInternal, Source: abi.SourceHost, Detail: operation + ": " + err.Error()}
}

func (h *Host) listProviders(point string) abi.Value {
	var all abi.List
	for _, p := range h.providers {
		if p.point == point {
			var one abi.List
			one.Add(abi.StringValue(p.instance)).Add(abi.StringValue("plugin-of-" + p.instance)).Add(abi.BoolValue(p.ready))
			p.offer.addTo(&one)
			all.Add(one.Value())
		}
	}
	return all.Value()
}

func (h *Host) callProvider(request []byte) (abi.Value, *abi.Error) {
	var q abi.ProviderCall
	if err := q.Decode(request); err != nil {
		return nil, broken(abi.OpProviderCall, err)
	}
	for _, p := range h.providers {
		if p.point == q.Point && p.instance == q.Instance {
			h.checkCall(q)
			return p.answer(q.Operation, q.Params)
		}
	}
	return nil, &abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: q.Point + " has no instance " + q.Instance}
}

// checkCall checks the parameters of an extension point that the plugin itself
// declares.
func (h *Host) checkCall(q abi.ProviderCall) {
	h.t.Helper()
	p := h.Manifest.Point(q.Point)
	if p == nil {
		return
	}
	o := p.Operation(q.Operation)
	if o == nil {
		h.t.Errorf("plugintest: plugin.json declares no operation %s of %s", q.Operation, q.Point)
	} else if o.Params != nil {
		if err := o.Params.Validate(q.Params); err != nil {
			h.t.Errorf("plugintest: the parameters of %s/%s do not satisfy plugin.json: %v", q.Point, q.Operation, err)
		}
	}
}

func (h *Host) journal(operation string, request []byte) (abi.Value, *abi.Error) {
	j := &h.Journal
	if j.Fail != nil {
		return nil, j.Fail
	}
	switch operation {
	case abi.OpJournalBegin:
		var q abi.JournalBegin
		if err := q.Decode(request); err != nil {
			return nil, broken(operation, err)
		}
		j.Begun = append(j.Begun, q)
		return abi.StringValue(strconv.Itoa(len(j.Begun))), nil
	case abi.OpJournalEnd:
		var q abi.JournalEnd
		if err := q.Decode(request); err != nil {
			return nil, broken(operation, err)
		}
		if n, err := strconv.Atoi(q.ID); err != nil || n < 1 || n > len(j.Begun) {
			h.t.Errorf("plugintest: the outcome of %q was recorded, which no intent has", q.ID)
		}
		j.Ended = append(j.Ended, q)
		return nil, nil
	case abi.OpJournalReceipt:
		return j.receive(request)
	case abi.OpJournalFind:
		return j.find(request)
	}
	var q abi.JournalReport
	if err := q.Decode(request); err != nil {
		return nil, broken(operation, err)
	}
	if j.Page == nil {
		return nil, denied(operation)
	}
	a, failure := j.Page(q)
	return a.Append(nil), failure
}

func (h *Host) kv(operation string, request []byte) (abi.Value, *abi.Error) {
	key := abi.Value(request).Index(0).String()
	switch operation {
	case abi.OpKVGet:
		value, ok := h.KV[key]
		if !ok {
			return nil, &abi.Error{Code: abi.CodeNotFound, Source: abi.SourceHost, Detail: "no such key"}
		}
		return abi.AppendBytes(nil, value), nil
	case abi.OpKVPut:
		var q abi.KVPut
		if err := q.Decode(request); err != nil {
			return nil, broken(operation, err)
		}
		h.KV[q.Key] = slices.Clone(q.Value)
	case abi.OpKVDelete:
		delete(h.KV, key)
	case abi.OpKVList:
		return h.listKeys(key, abi.Value(request).Index(1)), nil
	}
	return nil, nil
}

func (h *Host) listKeys(prefix string, limit abi.Value) abi.Value {
	var keys []string
	for k := range h.KV {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if n, ok := limit.Int(); ok && n > 0 && int(n) < len(keys) {
		keys = keys[:n]
	}
	var all abi.List
	for _, k := range keys {
		var pair abi.List
		all.Add(pair.Add(abi.StringValue(k)).Add(abi.AppendBytes(nil, h.KV[k])).Value())
	}
	return all.Value()
}

func (h *Host) askFreeswitch(operation string, request []byte) (abi.Value, *abi.Error) {
	f := h.freeswitch
	lists := map[string]func() (abi.Value, *abi.Error){
		abi.OpFreeswitchQueues: f.Queues, abi.OpFreeswitchTiers: f.Tiers,
		abi.OpFreeswitchAgents: f.Agents, abi.OpFreeswitchChannels: f.Channels,
	}
	id := abi.Value(request).Index(0).String()
	switch {
	case lists[operation] != nil:
		return lists[operation]()
	case operation == abi.OpFreeswitchOriginate && f.Originate != nil:
		var q abi.Originate
		if err := q.Decode(request); err != nil {
			return nil, broken(operation, err)
		}
		uuid, node, failure := f.Originate(q)
		var o abi.Object
		return o.Str("uuid", uuid).Str("node", node).Value(), failure
	case operation == abi.OpFreeswitchCDR && f.CDR != nil:
		return f.CDR(id)
	case operation == abi.OpFreeswitchRecording && f.Recording != nil:
		a, failure := f.Recording(id)
		return a.Append(nil), failure
	}
	return nil, &abi.Error{Code: abi.CodeUnavailable, Message: "FreeSWITCH", Source: abi.SourceUpstream, Detail: "no node is up"}
}
