package rehearsal

import (
	"net/url"
	"regexp"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Case is one rehearsed request: what the plugin is asked, what its upstreams
// answer, and what it must make of that. Treat a loaded one as immutable.
type Case struct {
	// File and Pointer tell where it stands: "cases/send.json", "/2".
	File, Pointer string
	Title         string
	// Source says what kind of evidence the case is.
	Source   string
	Settings abi.Value // a map, missing when the case has none
	// Hosts is the http grant; nil takes the manifest's hosts, or those of Upstream.
	Hosts      []string
	Request    Request
	Upstream   []Upstream
	Before     []Entry // of the key-value store
	After      []Entry
	Operations []Canned
	Reply      *Reply // exactly one of Reply and Error is set
	Error      *Error
	Log        []*regexp.Regexp
}

// Name is what a report calls the case.
func (c *Case) Name() string { return c.File + c.Pointer }

// Request is what the plugin is asked.
type Request struct {
	Kind abi.RequestKind
	// Point and Name as in [abi.Request].
	Point, Name string
	Params      abi.Value
	// Body is the parameters of an action as an integrator sends them.
	Body     []byte
	Instance string
	User     string
	Timeout  time.Duration // 0: the plugin's own
}

// Upstream is one HTTP request that the plugin must send, and its answer.
type Upstream struct {
	Want   HTTPRequest
	Answer HTTPAnswer
}

// HTTPRequest is what an HTTP request must look like; zero fields are not
// compared.
type HTTPRequest struct {
	Method string
	URL    *url.URL
	// Query holds parameters that the query must have; nil compares the whole URL.
	Query  fields
	Header fields
	Body   *string
	JSON   abi.Value
	Form   fields
	// Exact means that Query and Form must have no further parameters.
	Exact bool
}

// fields are named texts in the order of the file; a name may have several.
type fields []field

type field struct {
	name   string
	values []string
}

// Failure is how an exchange breaks.
type Failure string

// Failures: with the first two nothing was sent, with the others nobody knows.
const (
	FailRefused Failure = "refused"
	FailDNS     Failure = "dns"
	FailTimeout Failure = "timeout"
	FailReset   Failure = "reset"
)

// HTTPAnswer is a canned answer, or the failure of the exchange.
type HTTPAnswer struct {
	Fail   Failure
	Status int
	Header fields
	Body   []byte
}

// Entry is one entry of the key-value store.
type Entry struct{ Key, Value string }

// Canned answers an operation of another capability than http and kv.
type Canned struct {
	Operation string
	// Request is compared when it is there; an array as in the contract.
	Request abi.Value
	Answer  abi.Value
	Error   *abi.Error
}

// Reply is the expected success.
type Reply struct {
	Status int       // 0: 200
	Value  abi.Value // missing: not compared
	// Exact compares the bytes of Value and not only what they mean.
	Exact       bool
	Body        *string
	ContentType string
	Attachment  bool // the reply names something that an operation left with the host
}

// Error is the expected failure; nil fields are not compared.
type Error struct {
	Code    *string
	Status  *int
	Message *string
	Source  *string
	Detail  *regexp.Regexp
	Sent    *bool
	RetryMS *int
}
