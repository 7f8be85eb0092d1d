package patchbay

import "github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"

// Request is an HTTP request to an upstream; see [abi.HTTPRequest].
type Request = abi.HTTPRequest

// Response is an upstream's answer; see [abi.HTTPResponse].
type Response = abi.HTTPResponse

// What the host makes of an answer's body; see [abi.Parse].
const (
	ParseNone = abi.ParseNone
	ParseAuto = abi.ParseAuto
	ParseJSON = abi.ParseJSON
	ParseXML  = abi.ParseXML
	ParseForm = abi.ParseForm
)

// Fetch sends an HTTP request through capability http. Every status is an
// answer, not an error. An error that says Sent may have reached the upstream.
func (t *Task) Fetch(q Request) (Response, error) {
	var p Response
	body, err := t.ask(opHTTPFetch(), q.Append((*t.out)[:0]))
	if err != nil {
		return p, err
	}
	if err := p.Decode(body); err != nil {
		return p, &Error{Code: abi.CodeInternal, Source: abi.SourceHost, Detail: "http_fetch: " + err.Error(), Sent: true}
	}
	return p, nil
}

// Get reads an entry of the plugin's key-value store; a missing entry is an
// [*Error] with [abi.CodeNotFound].
func (t *Task) Get(key string) ([]byte, error) {
	v, err := t.await(opKVGet(), abi.AppendStrings(nil, key))
	return v.Bytes(), err
}

// Put writes an entry; ttlSeconds 0 keeps it.
func (t *Task) Put(key string, value []byte, ttlSeconds int64) error {
	q := abi.KVPut{Key: key, Value: value, TTLSeconds: ttlSeconds}
	_, err := t.await(opKVPut(), q.Append(nil))
	return err
}

// Delete removes an entry; a missing one is no error.
func (t *Task) Delete(key string) error {
	_, err := t.await(opKVDelete(), abi.AppendStrings(nil, key))
	return err
}

// Keys lists entries below a prefix, in order, as an array of [key, value].
func (t *Task) Keys(prefix string, limit int) (Value, error) {
	return t.await(opKVList(), abi.AppendInt(abi.AppendString(abi.AppendArray(nil, 2), prefix), int64(limit)))
}

// Provider is a configured instance that serves an extension point.
type Provider struct {
	Instance string
	Plugin   string
	Ready    bool
	// Operations are those that it serves at the point.
	Operations []string
	// ReceiptURL is the address of its webhook, "" when it has none.
	ReceiptURL string
}

// Providers lists the instances that serve an extension point, in the order of
// the operator's configuration.
func (t *Task) Providers(point string) ([]Provider, error) {
	v, err := t.await(opProviderList(), abi.AppendStrings(nil, point))
	if err != nil {
		return nil, err
	}
	list := make([]Provider, 0, v.Len())
	for e := range v.Elements() {
		p := Provider{Instance: e.Index(0).String(), Plugin: e.Index(1).String(), Ready: e.Index(2).Bool(), ReceiptURL: e.Index(4).String()}
		for operation := range e.Index(3).Elements() {
			p.Operations = append(p.Operations, operation.String())
		}
		list = append(list, p)
	}
	return list, nil
}

// Call asks a provider instance to do an operation and returns the body of its
// reply.
func (t *Task) Call(point, operation, instance string, params Value) (Value, error) {
	q := abi.ProviderCall{Point: point, Operation: operation, Instance: instance, Params: params}
	return t.ask(opProviderCall(), q.Append((*t.out)[:0]))
}

// BeginSMS records the intent to send an SMS and returns the record's id. Send
// only after it returned.
func (t *Task) BeginSMS(fields Value) (id string, err error) {
	q := abi.JournalBegin{Kind: "sms", Fields: fields}
	v, err := t.ask(opJournalBegin(), q.Append((*t.out)[:0]))
	return v.String(), err
}

// Outcomes of an SMS.
const (
	ResultOK      = "OK"      // the aggregator accepted it
	ResultError   = "error"   // it was certainly not accepted
	ResultUnknown = "unknown" // it may have been accepted
)

// EndSMS records what came of it.
func (t *Task) EndSMS(id, result string, fields Value) error {
	q := abi.JournalEnd{Kind: "sms", ID: id, Result: result, Fields: fields}
	_, err := t.ask(opJournalEnd(), q.Append((*t.out)[:0]))
	return err
}

// Report opens a page of a journal report; answer with [Attach].
func (t *Task) Report(q abi.JournalReport) (Attachment, error) {
	return t.attachment(opJournalReport(), q.Append(nil))
}

// Users lists the users with their status: an array of maps with "username" and
// "status".
func (t *Task) Users() (Value, error) { return t.await(opUsersList(), abi.AppendArray(nil, 0)) }

// Originate starts a call and returns its id and node once FreeSWITCH has placed
// it. The host validates the numbers and builds the dial string.
func (t *Task) Originate(q abi.Originate) (uuid, node string, err error) {
	v, err := t.await(opOriginate(), q.Append(nil))
	return v.Get("uuid").String(), v.Get("node").String(), err
}

// Queues lists the call-centre queues of all nodes: an array of maps with the 19
// columns of `callcenter_config queue list`, all strings.
func (t *Task) Queues() (Value, error) { return t.await(opQueues(), abi.AppendArray(nil, 0)) }

// Tiers lists the tiers of all nodes: maps with queue, agent, state, level and
// position, all strings.
func (t *Task) Tiers() (Value, error) { return t.await(opTiers(), abi.AppendArray(nil, 0)) }

// Agents lists the agents of all nodes with the columns of `callcenter_config
// agent list`, all strings.
func (t *Task) Agents() (Value, error) { return t.await(opAgents(), abi.AppendArray(nil, 0)) }

// Channels lists the live channels of all nodes with the columns of `show
// channels as json`.
func (t *Task) Channels() (Value, error) { return t.await(opChannels(), abi.AppendArray(nil, 0)) }

// CDR returns the call detail record of a call in the manual's shape; an unknown
// id is [abi.CodeNotFound].
func (t *Task) CDR(id string) (Value, error) { return t.await(opCDR(), abi.AppendStrings(nil, id)) }

// Recording opens the recording of a call; answer with [Attach]. An unknown id is
// [abi.CodeNotFound], one that is still being written [abi.CodeConflict].
func (t *Task) Recording(id string) (Attachment, error) {
	return t.attachment(opRecording(), abi.AppendStrings(nil, id))
}

func (t *Task) attachment(op operation, request []byte) (Attachment, error) {
	var a Attachment
	v, err := t.await(op, request)
	if err != nil {
		return a, err
	}
	if err := a.Decode(v); err != nil {
		return a, &Error{Code: abi.CodeInternal, Source: abi.SourceHost, Detail: op.name + ": " + err.Error()}
	}
	return a, nil
}
