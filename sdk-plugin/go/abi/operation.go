package abi

// Parse says what the host makes of an HTTP answer's body before the guest gets
// it, so that guests need no parsers.
type Parse uint8

// Parsers for [HTTPRequest].
const (
	ParseNone Parse = 0 // Body as bytes
	ParseAuto Parse = 1 // by the answer's Content-Type; bytes when unknown
	ParseJSON Parse = 2
	ParseXML  Parse = 3 // elements to maps, attributes under "@attributes", text under "#text"
	ParseForm Parse = 4 // a=b&c=d to a map of strings
)

// HTTPRequest is the request of [OpHTTPFetch].
type HTTPRequest struct {
	Method string // GET when empty
	URL    string
	Header Value // map of strings
	Body   []byte
	// TimeoutMS bounds the whole exchange; 0 and anything longer than the task's
	// remaining time mean the latter.
	TimeoutMS int
	Parse     Parse
	// MaxBytes bounds the answer's body; 0 means the host's limit.
	MaxBytes int
	// NoRedirect returns 3xx answers instead of following them.
	NoRedirect bool
}

// Append writes the request to b.
func (q *HTTPRequest) Append(b []byte) []byte {
	b = AppendArray(b, 8)
	b = AppendString(b, q.Method)
	b = AppendString(b, q.URL)
	b = AppendValue(b, q.Header)
	b = AppendBytes(b, q.Body)
	b = AppendInt(b, int64(q.TimeoutMS))
	b = AppendUint(b, uint64(q.Parse))
	b = AppendInt(b, int64(q.MaxBytes))
	return AppendBool(b, q.NoRedirect)
}

// Decode reads the request; Header and Body borrow from b.
func (q *HTTPRequest) Decode(b []byte) error {
	r := NewReader(b)
	*q = HTTPRequest{
		Method: r.Str(), URL: r.Str(), Header: r.Value(), Body: r.Bytes(), TimeoutMS: r.Int(),
		Parse: Parse(r.enum(uint8(ParseForm))), MaxBytes: r.Int(), NoRedirect: r.Bool(),
	}
	return r.Close()
}

// HTTPResponse is the answer's body of [OpHTTPFetch].
type HTTPResponse struct {
	Status int
	Header Value // map of strings, names in lower case
	Body   []byte
	// Data is the parsed body, missing with ParseNone. When a body cannot be
	// parsed, Data is missing and Body holds it.
	Data Value
}

// Append writes the response to b.
func (p *HTTPResponse) Append(b []byte) []byte {
	b = AppendArray(b, 4)
	b = AppendInt(b, int64(p.Status))
	b = AppendValue(b, p.Header)
	b = AppendBytes(b, p.Body)
	return AppendValue(b, p.Data)
}

// Decode reads the response; everything borrows from b.
func (p *HTTPResponse) Decode(b []byte) error {
	r := NewReader(b)
	*p = HTTPResponse{Status: r.Int(), Header: r.Value(), Body: r.Bytes(), Data: r.Value()}
	return r.Close()
}

// ProviderCall is the request of [OpProviderCall]; the answer's body is the body
// of the provider's reply.
type ProviderCall struct {
	Point     string
	Operation string
	Instance  string
	Params    Value
	TimeoutMS int
}

// Append writes the call to b.
func (q *ProviderCall) Append(b []byte) []byte {
	b = AppendArray(b, 5)
	b = AppendString(b, q.Point)
	b = AppendString(b, q.Operation)
	b = AppendString(b, q.Instance)
	b = AppendValue(b, q.Params)
	return AppendInt(b, int64(q.TimeoutMS))
}

// Decode reads the call; Params borrows from b.
func (q *ProviderCall) Decode(b []byte) error {
	r := NewReader(b)
	*q = ProviderCall{Point: r.Str(), Operation: r.Str(), Instance: r.Str(), Params: r.Value(), TimeoutMS: r.Int()}
	return r.Close()
}

// Originate is the request of [OpFreeswitchOriginate]. The host validates every
// field and builds the dial string; the answer's body is a map with "uuid" and
// "node".
type Originate struct {
	Called  string
	Caller  string
	Account string
	Node    string // empty: the host picks one
}

// Append writes the request to b.
func (q *Originate) Append(b []byte) []byte {
	b = AppendArray(b, 4)
	b = AppendString(b, q.Called)
	b = AppendString(b, q.Caller)
	b = AppendString(b, q.Account)
	return AppendString(b, q.Node)
}

// Decode reads the request.
func (q *Originate) Decode(b []byte) error {
	r := NewReader(b)
	*q = Originate{Called: r.Str(), Caller: r.Str(), Account: r.Str(), Node: r.Str()}
	return r.Close()
}

// Attachment is the answer's body of operations that leave their result with the
// host ([OpFreeswitchRecording], [OpJournalReport]). The host closes it with the
// task unless the task's reply names it.
type Attachment struct {
	ID uint32
	// Size in bytes, -1 when unknown.
	Size        int64
	ContentType string
	// Rows is the number of rows of a report page.
	Rows int
	// Next is the cursor of the next page, empty at the end.
	Next string
}

// Append writes the attachment to b.
func (a *Attachment) Append(b []byte) []byte {
	b = AppendArray(b, 5)
	b = AppendUint(b, uint64(a.ID))
	b = AppendInt(b, a.Size)
	b = AppendString(b, a.ContentType)
	b = AppendInt(b, int64(a.Rows))
	return AppendString(b, a.Next)
}

// Decode reads the attachment.
func (a *Attachment) Decode(b []byte) error {
	r := NewReader(b)
	*a = Attachment{ID: r.Uint32(), Size: r.Int64(), ContentType: r.Str(), Rows: r.Int(), Next: r.Str()}
	return r.Close()
}

// JournalBegin is the request of [OpJournalBegin]: the intent of something that
// cannot be taken back, written before it is done. The answer's body is the
// record's id as a string.
type JournalBegin struct {
	// Kind is "sms".
	Kind string
	// Fields of the record: phone, originator, message, project_id, session_id,
	// provider.
	Fields Value
}

// Append writes the request to b.
func (q *JournalBegin) Append(b []byte) []byte {
	return AppendValue(AppendString(AppendArray(b, 2), q.Kind), q.Fields)
}

// Decode reads the request; Fields borrows from b.
func (q *JournalBegin) Decode(b []byte) error {
	r := NewReader(b)
	*q = JournalBegin{Kind: r.Str(), Fields: r.Value()}
	return r.Close()
}

// JournalEnd is the request of [OpJournalEnd]: the outcome of an intent.
type JournalEnd struct {
	Kind string
	ID   string
	// Result is "OK", "error" or "unknown" (it may have been sent).
	Result string
	// Fields: message_id, part_ids (array), provider, detail, segments, route (text:
	// why this provider), check_s (seconds until the first status check, missing:
	// none), check_phone (the number to check with).
	Fields Value
}

// Append writes the request to b.
func (q *JournalEnd) Append(b []byte) []byte {
	b = AppendArray(b, 4)
	b = AppendString(b, q.Kind)
	b = AppendString(b, q.ID)
	b = AppendString(b, q.Result)
	return AppendValue(b, q.Fields)
}

// Decode reads the request; Fields borrows from b.
func (q *JournalEnd) Decode(b []byte) error {
	r := NewReader(b)
	*q = JournalEnd{Kind: r.Str(), ID: r.Str(), Result: r.Str(), Fields: r.Value()}
	return r.Close()
}

// JournalReport is the request of [OpJournalReport]; the answer's body is an
// [Attachment] that holds the page.
type JournalReport struct {
	// Kind is "sms", "request" or "badRequest".
	Kind string
	// Start and Stop as the caller gave them: YYYY-MM-DD (whole day, both ends
	// included) or YYYY-MM-DD HH:MM:SS.
	Start, Stop string
	// Zone is an IANA time zone; empty means the gateway's.
	Zone   string
	Limit  int // 0: the default
	Cursor string
	// Extended adds the columns that the manual's shape leaves out.
	Extended bool
}

// Append writes the request to b.
func (q *JournalReport) Append(b []byte) []byte {
	b = AppendArray(b, 7)
	b = AppendString(b, q.Kind)
	b = AppendString(b, q.Start)
	b = AppendString(b, q.Stop)
	b = AppendString(b, q.Zone)
	b = AppendInt(b, int64(q.Limit))
	b = AppendString(b, q.Cursor)
	return AppendBool(b, q.Extended)
}

// Decode reads the request.
func (q *JournalReport) Decode(b []byte) error {
	r := NewReader(b)
	*q = JournalReport{
		Kind: r.Str(), Start: r.Str(), Stop: r.Str(), Zone: r.Str(), Limit: r.Int(), Cursor: r.Str(), Extended: r.Bool(),
	}
	return r.Close()
}

// KVPut is the request of [OpKVPut]. The other kv operations take [key] and
// answer with a byte string (get) or nothing (delete), and [prefix, limit] and
// an array of [key, value] (list).
type KVPut struct {
	Key   string
	Value []byte
	// TTLSeconds ends the entry; 0 keeps it.
	TTLSeconds int64
}

// Append writes the request to b.
func (q *KVPut) Append(b []byte) []byte {
	return AppendInt(AppendBytes(AppendString(AppendArray(b, 3), q.Key), q.Value), q.TTLSeconds)
}

// Decode reads the request; Value borrows from b.
func (q *KVPut) Decode(b []byte) error {
	r := NewReader(b)
	*q = KVPut{Key: r.Str(), Value: r.Bytes(), TTLSeconds: r.Int64()}
	return r.Close()
}

// AppendStrings writes an operation's request that is an array of strings.
func AppendStrings(b []byte, parts ...string) []byte {
	b = AppendArray(b, len(parts))
	for _, p := range parts {
		b = AppendString(b, p)
	}
	return b
}
