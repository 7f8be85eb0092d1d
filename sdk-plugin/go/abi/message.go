package abi

import "math"

// RequestKind says why the host starts a task.
type RequestKind uint8

// Kinds of requests.
const (
	// Configure is the first task of every guest: Params holds the settings of
	// the instance, secrets included. Failing it fails the instance with the
	// error's message as the visible reason.
	Configure RequestKind = 0
	// Action serves one request of an integrator; Name is the action.
	Action RequestKind = 1
	// Operation serves a call of a module through an extension point.
	Operation RequestKind = 2
	// Health asks whether the plugin can do its work with its settings.
	Health RequestKind = 3
)

// Request begins a task. It travels as an array in the order of the fields.
type Request struct {
	Kind RequestKind
	// Point is the extension point of an Operation: "sms.provider".
	Point string
	// Name is the action or the operation.
	Name string
	// Params holds the validated parameters, or the settings for Configure.
	Params Value
	// Instance names the provider instance: of this guest for providers, of the
	// chosen one for actions that exist once per instance.
	Instance string
	// RequestID is the id in the log, the journal and X-Request-Id.
	RequestID string
	// User is the login of the caller, empty for tasks of the host itself.
	User string
	// TimeoutMS is the time left for the task.
	TimeoutMS int
	// Derived holds what the host learned while it validated Params, by
	// parameter name: {"phone": {"e164": "+79190000000", "region": "RU",
	// "type": "mobile"}}.
	Derived Value
}

const requestFields = 9

// Append writes the request to b.
func (q *Request) Append(b []byte) []byte {
	b = AppendArray(b, requestFields)
	b = AppendUint(b, uint64(q.Kind))
	b = AppendString(b, q.Point)
	b = AppendString(b, q.Name)
	b = AppendValue(b, q.Params)
	b = AppendString(b, q.Instance)
	b = AppendString(b, q.RequestID)
	b = AppendString(b, q.User)
	b = AppendInt(b, int64(q.TimeoutMS))
	return AppendValue(b, q.Derived)
}

// Decode reads a request; Params and Derived borrow from b.
func (q *Request) Decode(b []byte) error {
	r := NewReader(b)
	*q = Request{
		Kind: RequestKind(r.enum(math.MaxUint8)), Point: r.Str(), Name: r.Str(), Params: r.Value(), Instance: r.Str(),
		RequestID: r.Str(), User: r.Str(), TimeoutMS: r.Int(), Derived: r.Value(),
	}
	return r.Close()
}

// Form says how a [Reply] carries its body.
type Form uint8

// Forms of a reply's body.
const (
	// FormValue: Body is a value that the host writes as JSON.
	FormValue Form = 0
	// FormBytes: Body is a byte string sent as it is with ContentType.
	FormBytes Form = 1
	// FormAttachment: Attachment names something that the host holds and sends
	// itself, a recording or the rows of a report.
	FormAttachment Form = 2
	// FormRows: Body is an array of maps with equal keys that the host writes as
	// JSON, CSV or XLSX, whatever Format says.
	FormRows Form = 3
)

// Reply is the answer to a request. It travels as an array in the order of the
// fields.
type Reply struct {
	// Status is the HTTP status; 0 means 200.
	Status int
	Form   Form
	// Body is a value; for FormBytes a byte string.
	Body        Value
	ContentType string
	// Attachment is the id from the operation that opened it.
	Attachment uint32
	// Format is "json" (also when empty), "csv" or "xlsx"; for rows only.
	Format string
	// Filename is the name offered for a download.
	Filename string
	// Wrap puts JSON rows into {"result":"OK","data":[…]}.
	Wrap bool
	// Next is the cursor of the next page, sent as X-Next-Cursor.
	Next string
}

const replyFields = 9

// Append writes the reply to b.
func (p *Reply) Append(b []byte) []byte {
	b = AppendArray(b, replyFields)
	b = AppendInt(b, int64(p.Status))
	b = AppendUint(b, uint64(p.Form))
	b = AppendValue(b, p.Body)
	b = AppendString(b, p.ContentType)
	b = AppendUint(b, uint64(p.Attachment))
	b = AppendString(b, p.Format)
	b = AppendString(b, p.Filename)
	b = AppendBool(b, p.Wrap)
	return AppendString(b, p.Next)
}

// Decode reads a reply; Body borrows from b.
func (p *Reply) Decode(b []byte) error {
	r := NewReader(b)
	*p = Reply{
		Status: r.Int(), Form: Form(r.enum(uint8(FormRows))), Body: r.Value(), ContentType: r.Str(), Attachment: r.Uint32(),
		Format: r.Str(), Filename: r.Str(), Wrap: r.Bool(), Next: r.Str(),
	}
	return r.Close()
}

// Code classifies an [Error]; the host derives the HTTP status from it when the
// error names none.
type Code string

// Error codes.
const (
	CodeEmpty       Code = "empty"       // 419, a required parameter is missing; Message is the parameter's name
	CodeInvalid     Code = "invalid"     // 422, a parameter is not acceptable; Message is the parameter's name
	CodeNotFound    Code = "not_found"   // 404, Message is the text for the caller
	CodeDenied      Code = "denied"      // outside the grant; towards the caller a fault of the plugin, 502
	CodeConflict    Code = "conflict"    // 409, Message is the text for the caller
	CodeTooLarge    Code = "too_large"   // 413 towards the caller, or a message over MaxMessage
	CodeBusy        Code = "busy"        // 429, with RetryMS
	CodeRefused     Code = "refused"     // 502, the upstream answered and said no; Message names it
	CodeUnavailable Code = "unavailable" // 502, the upstream did not answer; Message names the system
	CodeTimeout     Code = "timeout"     // 504, the upstream did not answer in time
	CodeInternal    Code = "internal"    // a fault of the plugin or the host; towards the caller 502 "<module> is unavailable!"
)

// Source tells whose fault an error is.
type Source string

// Sources of errors.
const (
	SourcePlugin   Source = "plugin"
	SourceUpstream Source = "upstream"
	SourceHost     Source = "host"
	SourceCaller   Source = "caller"
)

// Error is a failed task or operation. It travels as an array in the order of
// the fields.
type Error struct {
	Code Code
	// Status is the HTTP status; 0 derives it from Code.
	Status int
	// Message is for the caller: a parameter's name, a text of the manifest, or
	// the name of the system. See the codes.
	Message string
	// Source is whose fault it is.
	Source Source
	// Detail is for the log and never reaches the caller.
	Detail string
	// Sent reports that a side effect outside may have happened: never retry or
	// fail over on it.
	Sent bool
	// RetryMS is when to try again, with CodeBusy and CodeUnavailable.
	RetryMS int
}

const errorFields = 7

// Error implements error.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	return s
}

// Append writes the error to b.
func (e *Error) Append(b []byte) []byte {
	b = AppendArray(b, errorFields)
	b = AppendString(b, string(e.Code))
	b = AppendInt(b, int64(e.Status))
	b = AppendString(b, e.Message)
	b = AppendString(b, string(e.Source))
	b = AppendString(b, e.Detail)
	b = AppendBool(b, e.Sent)
	return AppendInt(b, int64(e.RetryMS))
}

// Decode reads an error.
func (e *Error) Decode(b []byte) error {
	r := NewReader(b)
	*e = Error{
		Code: Code(r.Str()), Status: r.Int(), Message: r.Str(), Source: Source(r.Str()), Detail: r.Str(),
		Sent: r.Bool(), RetryMS: r.Int(),
	}
	return r.Close()
}

// AppendAnswer writes the answer to an operation: the array [error or nil, body].
// Exactly one of failure and body is given; a body may be missing (nil).
func AppendAnswer(b []byte, failure *Error, body Value) []byte {
	b = AppendArray(b, 2)
	if failure != nil {
		return AppendNil(failure.Append(b))
	}
	return AppendValue(AppendNil(b), body)
}

// PlainAnswer returns the body of an answer without an error, borrowed from b,
// without looking into it: a guest trusts its host and reads the body only once.
// ok is false for every other answer, which is for [DecodeAnswer].
func PlainAnswer(b []byte) (body Value, ok bool) {
	if len(b) < 3 || b[0] != fixArray|2 || b[1] != tagNil {
		return nil, false
	}
	if b[2] == tagNil {
		return nil, len(b) == 3
	}
	return Value(b[2:]), true
}

// DecodeAnswer reads the answer to an operation; body borrows from b.
func DecodeAnswer(b []byte) (body Value, failure *Error, err error) {
	r := NewReader(b)
	e := r.Value()
	body = r.Value()
	if err := r.Close(); err != nil {
		return nil, nil, err
	}
	if len(e) > 0 {
		failure = new(Error)
		return nil, failure, failure.Decode(e)
	}
	return body, nil, nil
}
