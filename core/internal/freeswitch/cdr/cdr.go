// Package cdr reads call detail records as mod_xml_cdr and mod_json_cdr deliver them, over HTTP or as files of their
// error directories, and turns them into the JSON shape of the integrators' manual. It does no I/O.
package cdr

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// Bounds on one record. A real one has 3 to 30 KB and is 6 elements deep.
const (
	MaxBody  = 8 << 20 // before and after decoding
	maxDepth = 64
	maxNodes = 100_000
	maxAttrs = 64
)

var (
	// ErrNotCDR means that the body is not a call record in any encoding that FreeSWITCH uses.
	ErrNotCDR = errors.New("body is not a call record of mod_xml_cdr or mod_json_cdr")
	// ErrTooLarge means that the body exceeds MaxBody.
	ErrTooLarge = fmt.Errorf("call record is larger than %d bytes", MaxBody)
	// ErrNoDocument means that a malformed record could not be read beyond its ids; Raw has all that there is.
	ErrNoDocument = errors.New("call record is damaged; only its raw form is available")
)

// Format is the language of a document.
type Format string

// The formats of records.
const (
	XML  Format = "xml"
	JSON Format = "json"
)

// Key identifies a record. FreeSWITCH repeats a POST until it gets a 2xx, so records are stored once by key.
type Key struct{ CoreUUID, UUID string }

// Record is one call record. It is immutable after Parse.
type Record struct {
	Key
	Format Format
	// Raw is the document as FreeSWITCH wrote it, without the transport encoding.
	Raw []byte
	// Document is the record as a tree. It is nil when a malformed record could not be repaired.
	Document *Node
	// Malformed marks a document that breaks the rules of its format or lacks an id; Problem says how. FreeSWITCH itself writes
	// such XML when a channel variable's name is no element name, for example "9digit", and such JSON when mod_json_cdr has
	// both encode and encode-values switched on.
	Malformed bool
	Problem   string
}

// Parse decodes the body of a POST or the content of a file and reads the document. The encoding is recognised from the bytes:
// the Content-Type of mod_xml_cdr is wrong when disable-100-continue is set, and files have none.
//
// A damaged document is not an error: it comes back with Malformed set, so that no call is lost. Record.Raw does not alias body.
//
// # Errors
//
// ErrNotCDR and ErrTooLarge.
func Parse(body []byte) (*Record, error) {
	raw, format, err := Decode(body)
	if err != nil {
		return nil, err
	}
	r := &Record{Format: format, Raw: raw}
	parse, repair := parseXML, repairXML
	if format == JSON {
		parse, repair = parseJSON, repairJSON
	}
	doc, err := parse(raw)
	if err != nil {
		r.Malformed, r.Problem = true, err.Error()
		if doc, err = repair(raw); err != nil {
			r.Key = scanKey(raw)
			return r, nil
		}
	}
	r.Document = doc
	r.CoreUUID = clean(doc.Attr("core-uuid"))
	r.UUID = clean(r.Variable("uuid"))
	if r.CoreUUID == "" || r.UUID == "" {
		scanned := scanKey(raw)
		if r.CoreUUID == "" {
			r.CoreUUID = scanned.CoreUUID
		}
		if r.UUID == "" {
			r.UUID = scanned.UUID
		}
		if !r.Malformed {
			r.Malformed, r.Problem = true, "core-uuid or variables/uuid is missing"
		}
	}
	return r, nil
}

// Variable returns the decoded value of a channel variable, "" if it is not set. Of a repeated variable it is the first value.
func (r *Record) Variable(name string) string {
	if r.Document == nil {
		return ""
	}
	return r.Document.Child("variables").Child(name).text()
}

// Start returns when the call began, in UTC; zero if the record does not say. The stamps in a record are local time
// without a zone, so the microsecond epoch is used.
func (r *Record) Start() time.Time {
	us, err := strconv.ParseInt(r.Variable("start_uepoch"), 10, 64)
	if err != nil || us <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// JSON returns the record in the manual's shape.
//
// # Errors
//
// ErrNoDocument.
func (r *Record) JSON() ([]byte, error) {
	if r.Document == nil {
		return nil, ErrNoDocument
	}
	return r.Document.appendJSON(nil), nil
}

// The ids of a document that cannot be read as one. In both formats the channel's uuid is the first "uuid" of the variables;
// the unique-id of a callflow is another id.
var (
	xmlCore  = regexp.MustCompile(`<cdr[^>]*\score-uuid="([^"<>]{1,64})"`)
	xmlUUID  = regexp.MustCompile(`(?s)<variables>.*?<uuid>([^<>]{1,192})</uuid>`)
	jsonCore = regexp.MustCompile(`"core-uuid"\s*:\s*"([^"\\]{1,64})"`)
	jsonUUID = regexp.MustCompile(`(?s)"variables"\s*:\s*\{.*?"uuid"\s*:\s*"([^"\\]{1,192})"`)
)

func scanKey(raw []byte) Key {
	find := func(patterns ...*regexp.Regexp) string {
		for _, p := range patterns {
			if m := p.FindSubmatch(raw); m != nil {
				return clean(percent.Decode(string(m[1])))
			}
		}
		return ""
	}
	return Key{CoreUUID: find(xmlCore, jsonCore), UUID: find(xmlUUID, jsonUUID)}
}

// clean keeps an id only if it can serve as a key: FreeSWITCH accepts any text as origination_uuid.
func clean(id string) string {
	if len(id) > 64 {
		return ""
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return id
}
