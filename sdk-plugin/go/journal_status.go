package patchbay

import "github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"

// Receipts writes what a provider instance told about SMS of this module and
// returns what came of each: see [abi.JournalReceipt]. They are on disk when it
// returns.
func (t *Task) Receipts(instance string, receipts Value) ([]string, error) {
	q := abi.JournalReceipt{Kind: "sms", Instance: instance, Receipts: receipts}
	v, err := t.ask(opJournalReceipt(), q.Append((*t.out)[:0]))
	if err != nil {
		return nil, err
	}
	results := make([]string, 0, v.Len())
	for e := range v.Elements() {
		results = append(results, e.String())
	}
	return results, nil
}

// FindSMS returns the record of an SMS of this module; see [abi.JournalFind]. An
// unknown id is an [*Error] with [abi.CodeNotFound].
func (t *Task) FindSMS(id string) (Value, error) {
	return t.find(abi.JournalFind{Kind: "sms", ID: id})
}

// FindMessage is [Task.FindSMS] by the id that a provider instance gave.
func (t *Task) FindMessage(instance, messageID string) (Value, error) {
	return t.find(abi.JournalFind{Kind: "sms", Instance: instance, MessageID: messageID})
}

func (t *Task) find(q abi.JournalFind) (Value, error) {
	return t.ask(opJournalFind(), q.Append((*t.out)[:0]))
}
