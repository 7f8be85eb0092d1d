package journal

import (
	"bytes"
	"strings"
	"time"
)

// MaxRecord bounds a record: the sum of its strings, in bytes.
const MaxRecord = 256 << 10

// Request is one request under a module prefix, refused ones included. The
// caller redacts it first (see package mask).
type Request struct {
	ID        uint64
	Time      time.Time // when it arrived; zero means now
	Module    string
	Action    string
	Status    int
	Error     string // the text that the caller saw
	Body      string // redacted
	User      string
	IP        string
	Duration  time.Duration // stored in microseconds
	RequestID string
	Reason    string   // why it was refused: "no right", "switched off" …
	Ignored   []string // unknown parameters
	ErrorID   string
}

// Results of an SMS or a call, as queries return them.
const (
	ResultPending = "pending" // begun by this process and not ended yet
	ResultOK      = "OK"
	ResultError   = "error"
	ResultUnknown = "unknown" // begun by an earlier process and never ended
)

// SMS is a message joined with its outcome. BeginSMS stores the fields down to
// Provider, EndSMS those down to Done, and what became of the message later
// comes from ApplyReceipts.
type SMS struct {
	ID         uint64
	Time       time.Time // when it was begun; zero means now
	Phone      string
	Originator string
	Message    string
	ProjectID  string
	SessionID  string
	User       string
	RequestID  string
	Module     string // whose message it is; empty in records of older versions
	Provider   string // the intended one, then the one that the outcome names

	MessageID string   // the aggregator's
	Parts     []string // further ids of the aggregator, one for each part
	Result    string   // ResultPending, ResultOK, ResultError, ResultUnknown
	Detail    string
	Segments  int
	Route     string    // why this provider: the rule, and who was tried before
	Done      time.Time // zero while there is no outcome

	Status       Status // empty while nothing is known
	StatusDetail string
	StatusAt     time.Time
	// Check is when the provider is to be asked for the status; zero means never.
	// CheckPhone is the number to ask with, kept only until then.
	Check      time.Time
	CheckPhone string
}

// SMSOutcome is how sending ended.
type SMSOutcome struct {
	Result    string // ResultOK, ResultError or ResultUnknown
	Module    string // whose message it is: only its receipts are taken
	Provider  string // empty keeps the intended one
	MessageID string
	Parts     []string
	Detail    string
	Segments  int
	Route     string
	Done      time.Time // zero means now
	// Check and CheckPhone: see [SMS]. They do not matter when the result is an
	// error.
	Check      time.Time
	CheckPhone string
}

// Call is a call joined with its outcome. BeginCall stores the fields down to
// RequestID; the others come from EndCall.
type Call struct {
	ID        uint64
	Time      time.Time // when it was begun; zero means now
	Node      string
	Called    string
	Caller    string
	Account   string
	UUID      string // of the intent, then the one that the outcome names
	User      string
	RequestID string

	Result string // as for SMS
	Detail string
	Done   time.Time // zero while there is no outcome
}

// CallOutcome is how originating the call ended.
type CallOutcome struct {
	Result string // ResultOK or ResultError
	UUID   string // empty keeps the intended one
	Detail string
	Done   time.Time // zero means now
}

// Audit is one administrative change.
type Audit struct {
	ID        uint64
	Time      time.Time // zero means now
	User      string
	IP        string
	Action    string // "module.disable"
	Object    string
	Before    string // JSON without secrets
	After     string
	RequestID string
}

// row is what the journal needs of a record type, on the pointer to it.
type row[T any] interface {
	*T
	entry
	decode(*decoder)
}

// entry is the writing side of a record. head gives access to id and time,
// which blocks keep apart from the other fields.
type entry interface {
	fields
	head() (*uint64, *time.Time)
	bad() bool
	// names are what queries want to be equal; texts adds those that they search.
	names() (user, module, action string)
	texts(list []string) []string
}

type fields interface {
	encodable
	size() int
}

type encodable interface{ encode(*encoder) }

// filter is a query's conditions on fields; empty ones hold for every record.
type filter struct {
	badOnly              bool
	user, module, action string
	text                 string   // lower case
	grams                []uint64 // that a sieve is asked for, of text
	weak                 bool     // what they are
}

func (f *filter) any() bool {
	return f.badOnly || f.user != "" || f.module != "" || f.action != "" || f.text != ""
}

// in reports whether a record of the block may have the names: they stand in it as
// they are.
func (f *filter) in(block []byte) bool {
	for _, name := range []string{f.user, f.module, f.action} {
		if name != "" && !bytes.Contains(block, []byte(name)) {
			return false
		}
	}
	return true
}

// matches is the part of the filter that needs no outcome.
func matches(e entry, f *filter) bool {
	user, module, action := e.names()
	if !is(f.user, user) || !is(f.module, module) || !is(f.action, action) {
		return false
	}
	if f.text == "" {
		return true
	}
	var room [9]string
	for _, s := range e.texts(room[:0]) {
		if strings.Contains(s, f.text) || strings.Contains(strings.ToLower(s), f.text) {
			return true
		}
	}
	return false
}

func is(want, have string) bool { return want == "" || want == have }

func (r *Request) head() (*uint64, *time.Time) { return &r.ID, &r.Time }
func (r *SMS) head() (*uint64, *time.Time)     { return &r.ID, &r.Time }
func (r *Call) head() (*uint64, *time.Time)    { return &r.ID, &r.Time }
func (r *Audit) head() (*uint64, *time.Time)   { return &r.ID, &r.Time }

func (r *Request) bad() bool { return r.Status >= 400 }
func (r *SMS) bad() bool     { return false }
func (r *Call) bad() bool    { return false }
func (r *Audit) bad() bool   { return false }

func (r *Request) names() (user, module, action string) { return r.User, r.Module, r.Action }
func (r *SMS) names() (user, module, action string)     { return r.User, "", "" }
func (r *Call) names() (user, module, action string)    { return r.User, "", "" }
func (r *Audit) names() (user, module, action string)   { return r.User, "", r.Action }

func (r *Request) texts(list []string) []string {
	return append(list, r.Error, r.Body, r.RequestID, r.Reason, r.ErrorID, r.IP, r.User, r.Module, r.Action)
}

func (r *SMS) texts(list []string) []string {
	return append(list, r.Phone, r.Originator, r.Message, r.ProjectID, r.SessionID, r.RequestID, r.User, r.Provider)
}

func (r *Call) texts(list []string) []string {
	return append(list, r.Node, r.Called, r.Caller, r.Account, r.UUID, r.RequestID, r.User)
}

func (r *Audit) texts(list []string) []string {
	return append(list, r.IP, r.Action, r.Object, r.Before, r.After, r.RequestID, r.User)
}
