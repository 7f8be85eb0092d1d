// Package event holds FreeSWITCH events and writes them as mod_event_socket 1.10.12
// does: plain (percent-encoded) and JSON, with their frames.
package event

import (
	"strconv"
	"strings"
)

// Header is one event header. Names may repeat: Hangup-Cause does.
type Header struct{ Name, Value string }

// Event is one FreeSWITCH event. It is read-only once it was published.
type Event struct {
	Name     string // "CHANNEL_ANSWER", "CUSTOM" …
	Subclass string // of a CUSTOM event
	Headers  []Header
	Body     string
}

// Get returns the first value of a header, compared without case.
func (e *Event) Get(name string) (string, bool) {
	for _, h := range e.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value, true
		}
	}
	return "", false
}

// Plain writes the frame of `event plain`. Headers without a value are left out;
// an empty body has no inner Content-Length.
func (e *Event) Plain() []byte {
	var b strings.Builder
	b.WriteString(e.PlainHeaders())
	if e.Body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(e.Body)) + "\n\n" + e.Body)
	} else {
		b.WriteByte('\n')
	}
	return frame("text/event-plain", b.String())
}

// PlainHeaders writes one "Name: percent-encoded value" line per header.
func (e *Event) PlainHeaders() string {
	var b strings.Builder
	for _, h := range e.Headers {
		if h.Value != "" {
			b.WriteString(h.Name + ": " + Encode(h.Value, false) + "\n")
		}
	}
	return b.String()
}

// JSON writes the frame of `event json`.
func (e *Event) JSON() []byte { return frame("text/event-json", e.JSONObject()) }

// JSONObject writes the event as one JSON object, duplicate keys included. Only a
// BACKGROUND_JOB without output shows an empty body.
func (e *Event) JSONObject() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, h := range e.Headers {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(Quote(h.Name) + ":" + Quote(h.Value))
	}
	if e.Body != "" || e.Name == "BACKGROUND_JOB" {
		b.WriteString(`,"Content-Length":"` + strconv.Itoa(len(e.Body)) + `","_body":` + Quote(e.Body))
	}
	b.WriteByte('}')
	return b.String()
}

func frame(contentType, body string) []byte {
	return []byte("Content-Length: " + strconv.Itoa(len(body)) + "\nContent-Type: " + contentType + "\n\n" + body)
}

// unsafe is SWITCH_URL_UNSAFE of switch_utils.h.
const unsafe = "\r\n #%&+:;<=>?@[\\]^`{|}\""

// Encode is switch_url_encode. Without double a percent sign that already begins an
// escape is left alone, which makes the encoding lossy; that is how plain events and
// CDR variables are written. With double every percent sign is encoded (CDR POST bodies).
func Encode(text string, double bool) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		escaped := !double && c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])
		if !escaped && (c < ' ' || c > '~' || strings.IndexByte(unsafe, c) >= 0) {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// Quote writes a JSON string as cJSON does: UTF-8 and / stay, control bytes become
// \b \f \n \r \t or \u00xx.
func Quote(text string) string {
	const hex = "0123456789abcdef"
	short := map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		c := text[i]
		if letter, ok := short[c]; ok {
			b.WriteByte('\\')
			b.WriteByte(letter)
		} else if c < ' ' {
			b.WriteString(`\u00`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
