package edge

import "fmt"

// Reasons for which the bytes of a connection are refused. They are the label of
// a metric, so there is a fixed set of them.
const (
	ReasonRequestLine = "request-line" // not "METHOD target HTTP/1.x"
	ReasonVersion     = "version"      // another protocol, or HTTP/0.9
	ReasonLineEnd     = "line-end"     // a line that does not end with CR LF
	ReasonFolded      = "folded"       // a field that goes on in the next line
	ReasonFieldName   = "field-name"   // white space or another character that no name has
	ReasonFieldValue  = "field-value"  // a control character
	ReasonFields      = "fields"       // too many
	ReasonRepeated    = "repeated"     // a field that may be there once
	ReasonHost        = "host"         // none, or none that is a host
	ReasonLength      = "length"       // a Content-Length that is no plain number
	ReasonCoding      = "coding"       // a Transfer-Encoding other than "chunked"
	ReasonTwoFramings = "two-framings" // Content-Length and Transfer-Encoding
	ReasonChunk       = "chunk"        // a malformed chunk
	ReasonTrailer     = "trailer"      // fields behind the chunks
)

const (
	maxLine            = 96         // bytes of a request that are kept for the log
	maxMethod          = 32         // characters
	maxFields          = 100        // of one head
	maxLengthDigits    = 15         // of a Content-Length
	maxChunkDigits     = 7          // of the size of a chunk
	maxChunkExtensions = 256        // bytes, in one message
	versionText        = "HTTP/1.x" // x is 0 or 1
	maxSpecial         = len("transfer-encoding")
	maxCollected       = 32 // of a value that decides something
)

// FramingError says why a connection was given up: its bytes can be read in more
// than one way, or in none.
type FramingError struct{ Reason string }

func (e *FramingError) Error() string {
	return fmt.Sprintf("the request is malformed (%s)", e.Reason)
}

// framing follows the bytes of one connection and knows at every byte whether it
// belongs to a head, to a body or to neither. It accepts HTTP/1.0 and 1.1 as RFC
// 9112 defines them and none of the leniencies that it allows to a server: two
// parsers that are lenient in different ways are what request smuggling needs.
type framing struct {
	state state
	fault string

	// The head.
	line       [maxLine]byte // method and path, for the log
	lineLen    int
	path       bool // still collecting the path
	slashes    int
	version    int
	http10     bool
	emptyLines int
	methodLen  int
	fields     int
	name       [maxSpecial]byte
	nameLen    int
	special    special
	value      [maxCollected]byte
	valueLen   int
	seen       special // those that were there, as bits
	length     int64
	chunked    bool

	// The body.
	rest       int64 // bytes of the body, or of the chunk
	digits     int
	extensions int
	heads      uint64 // complete so far
	messages   uint64 // complete so far
}

type state uint8

const (
	atStart state = iota // between requests
	atStartLF
	inMethod
	inTarget
	inVersion
	atLineLF
	atField
	inName
	inValue
	atValueLF
	atHeadLF
	inBody
	inChunkSize
	inChunkExtension
	atChunkLF
	inChunk
	atChunkEnd
	atChunkEndLF
	atTrailer
	atTrailerLF
	broken
)

// between reports whether no request has begun.
func (f *framing) between() bool { return f.state == atStart && f.emptyLines == 0 }

// inHead reports whether a head has begun and is not complete; the empty line that may
// be in front of it is a part of it: who sends one gets no more time.
func (f *framing) inHead() bool { return f.state <= atHeadLF && !f.between() }

// feed takes the next bytes, up to the end of a message. It returns how many of them
// may go on: all of them, those of the message, or those before a fault, with
// [framing.fault] set. A head with a fault never goes on as a whole.
func (f *framing) feed(p []byte) (good int) {
	ended := f.messages
	for i := 0; i < len(p); {
		if f.messages != ended {
			return i
		}
		switch f.state {
		case broken:
			return i
		case inBody, inChunk:
			n := min(int64(len(p)-i), f.rest)
			f.rest -= n
			i += int(n)
			if f.rest == 0 {
				if f.state == inBody {
					f.end()
				} else {
					f.state = atChunkEnd
				}
			}
			continue
		case inTarget:
			i = f.target(p, i)
			continue
		case inName:
			i = f.fieldName(p, i)
			continue
		case inValue:
			i = f.fieldValue(p, i)
			continue
		}
		f.step(p[i])
		if f.state == broken {
			return i
		}
		i++
	}
	return len(p)
}

func (f *framing) fail(reason string) { f.state, f.fault = broken, reason }

// expect takes the only byte that may come, and goes on to a state.
func (f *framing) expect(b, want byte, next state, reason string) bool {
	if b != want {
		f.fail(reason)
		return false
	}
	f.state = next
	return true
}

// end is the end of a message.
func (f *framing) end() {
	f.state, f.emptyLines = atStart, 0
	f.messages++
}

// step takes one byte where bytes are few.
func (f *framing) step(b byte) {
	switch f.state {
	case atStart:
		f.first(b)
	case atStartLF:
		// One empty line in front of a request is some old clients' habit (RFC 9112, 2.2).
		if f.emptyLines++; b != '\n' || f.emptyLines > 1 {
			f.fail(ReasonLineEnd)
			return
		}
		f.state = atStart
	case inMethod:
		switch {
		case b == ' ':
			f.keep(' ')
			f.state, f.path, f.slashes = inTarget, true, 0
		case classes[b]&classToken == 0 || f.methodLen == maxMethod:
			f.fail(ReasonRequestLine)
		default:
			f.methodLen++
			f.keep(b)
		}
	case inVersion:
		f.versionByte(b)
	case atLineLF, atValueLF:
		f.expect(b, '\n', atField, ReasonLineEnd)
	case atField:
		f.field(b)
	case atHeadLF:
		if f.expect(b, '\n', atStart, ReasonLineEnd) {
			f.headDone()
		}
	default:
		f.chunkByte(b)
	}
}

func (f *framing) first(b byte) {
	switch {
	case b == '\r':
		f.state = atStartLF
	case classes[b]&classToken == 0:
		f.fail(ReasonRequestLine)
	default:
		f.state, f.methodLen, f.lineLen, f.version = inMethod, 1, 0, 0
		f.fields, f.seen, f.length, f.chunked, f.http10, f.extensions = 0, 0, 0, false, false, 0
		f.keep(b)
	}
}

// keep notes a byte of the request line for the log.
func (f *framing) keep(b byte) {
	if f.lineLen < maxLine {
		f.line[f.lineLen] = b
		f.lineLen++
	}
}

// target takes bytes of the target up to the space behind it. Of its path the log
// gets two segments: behind them, and in queries, may be secrets.
func (f *framing) target(p []byte, i int) int {
	for ; i < len(p); i++ {
		b := p[i]
		if f.path && f.line[f.lineLen-1] == ' ' && b != '/' && b != '*' && (b|0x20 < 'a' || b|0x20 > 'z') {
			f.fail(ReasonRequestLine)
			return i
		}
		if classes[b]&classTarget == 0 {
			if b != ' ' {
				f.fail(ReasonRequestLine)
				return i
			}
			f.state = inVersion
			return i + 1
		}
		if f.path {
			if b == '/' {
				f.slashes++
			}
			if b == '?' || f.slashes > 2 {
				f.path = false
				continue
			}
			f.keep(b)
		}
	}
	return i
}

func (f *framing) versionByte(b byte) {
	switch {
	case f.version == len(versionText):
		if b != '\r' {
			f.fail(ReasonVersion)
			return
		}
		f.state = atLineLF
	case f.version == len(versionText)-1:
		if b != '0' && b != '1' {
			f.fail(ReasonVersion)
			return
		}
		f.http10 = b == '0'
		f.version++
	case b != versionText[f.version]:
		f.fail(ReasonVersion)
	default:
		f.version++
	}
}

// field takes the first byte of a line of the head.
func (f *framing) field(b byte) {
	switch {
	case b == '\r':
		f.state = atHeadLF
	case b == ' ' || b == '\t':
		f.fail(ReasonFolded)
	case b == '\n':
		f.fail(ReasonLineEnd)
	case classes[b]&classToken == 0:
		f.fail(ReasonFieldName)
	default:
		if f.fields++; f.fields > maxFields {
			f.fail(ReasonFields)
			return
		}
		f.state, f.nameLen, f.special, f.valueLen = inName, 0, 0, 0
		f.nameByte(b)
	}
}

// fieldName takes bytes of a name up to its colon.
func (f *framing) fieldName(p []byte, i int) int {
	for ; i < len(p); i++ {
		b := p[i]
		if classes[b]&classToken == 0 {
			break
		}
		f.nameByte(b)
	}
	switch {
	case i == len(p):
		return i
	case p[i] != ':':
		f.fail(ReasonFieldName)
		return i
	}
	if f.nameLen <= maxSpecial {
		f.special = specialOf(f.name[:f.nameLen])
	}
	if f.special != 0 && f.seen&f.special != 0 {
		f.fail(ReasonRepeated)
		return i
	}
	f.seen |= f.special
	f.state = inValue
	return i + 1
}

// nameByte notes a byte of a name, in lower case.
func (f *framing) nameByte(b byte) {
	if f.nameLen >= maxSpecial {
		f.nameLen = maxSpecial + 1 // longer than all that matter
		return
	}
	if b >= 'A' && b <= 'Z' {
		b += 'a' - 'A'
	}
	f.name[f.nameLen] = b
	f.nameLen++
}

// fieldValue takes bytes of a value up to its CR.
func (f *framing) fieldValue(p []byte, i int) int {
	collect := f.special&(fieldHost|fieldLength|fieldCoding) != 0
	for !collect && i < len(p) && classes[p[i]]&classValue != 0 {
		i++
	}
	for ; i < len(p); i++ {
		b := p[i]
		if classes[b]&classValue == 0 {
			switch b {
			case '\r':
				f.state = atValueLF
				if reason := f.decide(); reason != "" {
					f.fail(reason)
					return i
				}
				return i + 1
			case '\n':
				f.fail(ReasonLineEnd)
			default:
				f.fail(ReasonFieldValue)
			}
			return i
		}
		if collect {
			if reason := f.collect(b); reason != "" {
				f.fail(reason)
				return i
			}
		}
	}
	return i
}

// collect takes a byte of a value that matters; it returns what is wrong with it. Of a
// host nothing is kept but where in it the byte is: in front, inside, behind.
func (f *framing) collect(b byte) string {
	const inside, behind = 1, 2
	switch {
	case b == ' ' && f.valueLen == 0:
	case f.special != fieldHost:
		if f.valueLen == maxCollected {
			if f.special == fieldLength {
				return ReasonLength
			}
			return ReasonCoding
		}
		f.value[f.valueLen] = b
		f.valueLen++
	case b == ' ':
		f.valueLen = behind
	case f.valueLen == behind || classes[b]&classHost == 0:
		return ReasonHost
	default:
		f.valueLen = inside
	}
	return ""
}

// decide reads a value that matters; it returns what is wrong with it.
func (f *framing) decide() string {
	if f.special == fieldHost {
		return ""
	}
	value := f.value[:f.valueLen]
	for len(value) > 0 && value[len(value)-1] == ' ' {
		value = value[:len(value)-1]
	}
	switch f.special {
	case fieldLength:
		if len(value) == 0 || len(value) > maxLengthDigits {
			return ReasonLength
		}
		f.length = 0
		for _, b := range value {
			if b < '0' || b > '9' {
				return ReasonLength
			}
			f.length = f.length*10 + int64(b-'0')
		}
	case fieldCoding:
		const chunked = "chunked"
		if len(value) != len(chunked) {
			return ReasonCoding
		}
		for i := range value {
			if value[i]|0x20 != chunked[i] {
				return ReasonCoding
			}
		}
		f.chunked = true
	}
	return ""
}

// headDone decides what follows a head that is complete.
func (f *framing) headDone() {
	switch {
	case f.chunked && f.seen&fieldLength != 0:
		f.fail(ReasonTwoFramings)
	case f.chunked && f.http10:
		f.fail(ReasonCoding)
	case f.seen&fieldHost == 0 && !f.http10:
		f.fail(ReasonHost)
	case f.chunked:
		f.heads++
		f.state, f.rest, f.digits = inChunkSize, 0, 0
	case f.length > 0:
		f.heads++
		f.state, f.rest = inBody, f.length
	default:
		f.heads++
		f.end()
	}
}
