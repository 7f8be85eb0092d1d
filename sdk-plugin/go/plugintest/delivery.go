package plugintest

import (
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// offer is what the list of providers says beside names.
type offer struct {
	operations []string
	receiptURL string
}

func (o offer) addTo(entry *abi.List) {
	var names abi.List
	for _, name := range o.operations {
		names.Add(abi.StringValue(name))
	}
	entry.Add(names.Value()).Add(abi.StringValue(o.receiptURL))
}

// Offers says what a provider that was added serves, and the address of its
// webhook, "" for none. Without it a provider serves "send" alone.
func (h *Host) Offers(instance, receiptURL string, operations ...string) *Host {
	h.t.Helper()
	for i := range h.providers {
		if h.providers[i].instance == instance {
			h.providers[i].offer = offer{operations, receiptURL}
			return h
		}
	}
	h.t.Fatalf("plugintest: there is no provider %q", instance)
	return h
}

func (j *Journal) receive(request []byte) (abi.Value, *abi.Error) {
	var q abi.JournalReceipt
	if err := q.Decode(request); err != nil {
		return nil, broken(abi.OpJournalReceipt, err)
	}
	j.Received = append(j.Received, q)
	var results abi.List
	for range q.Receipts.Len() {
		results.Add(abi.StringValue("applied"))
	}
	return results.Value(), nil
}

func (j *Journal) find(request []byte) (abi.Value, *abi.Error) {
	var q abi.JournalFind
	if err := q.Decode(request); err != nil {
		return nil, broken(abi.OpJournalFind, err)
	}
	if j.Find == nil {
		return nil, &abi.Error{Code: abi.CodeNotFound, Source: abi.SourceHost, Detail: "no such record"}
	}
	return j.Find(q)
}

// Asks serves what the gateway itself asks of a module that declares an extension
// point, such as handing on receipts.
func (h *Host) Asks(point, operation, params string) Result {
	h.t.Helper()
	if h.Manifest.Point(point) == nil {
		h.t.Errorf("plugintest: plugin.json declares no extension point %s", point)
	}
	r := h.run(abi.Request{Kind: abi.Operation, Point: point, Name: operation, Params: Value(h.t, params)})
	h.checkReply(r, nil)
	return r
}
