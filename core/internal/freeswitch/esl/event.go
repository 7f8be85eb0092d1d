package esl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// Event is one event with decoded header values, in the order sent. A header that FreeSWITCH pushed
// more than once is repeated (it arrives as an array in the JSON form). Body belongs to the receiver.
//
// In the plain form the decoding is lossy: FreeSWITCH leaves a literal "%41" unescaped, so it reads
// back as "A". Ids, names of events and bodies are not affected.
type Event struct {
	Header Header
	Body   []byte
}

// Name returns the Event-Name.
func (e Event) Name() string { return e.Header.Get("Event-Name") }

// ParseEvent reads the event inside a text/event-plain or text/event-json frame.
//
// # Errors
//
// Wraps ErrProtocol when the frame is of another type or its content is damaged.
func ParseEvent(f Frame) (Event, error) {
	switch f.Type() {
	case TypeEventPlain:
		return parsePlain(f.Body)
	case TypeEventJSON:
		return parseJSON(f.Body)
	}
	return Event{}, fmt.Errorf("%w: %.60q is not an event that we read", ErrProtocol, f.Type())
}

func parsePlain(raw []byte) (Event, error) {
	h, rest, err := splitHeader(raw)
	if err != nil {
		return Event{}, err
	}
	n, err := contentLength(h)
	if err != nil {
		return Event{}, err
	}
	if int64(len(rest)) < n {
		return Event{}, fmt.Errorf("%w: event body is cut off", ErrProtocol)
	}
	for i := range h {
		h[i].Value = percent.Decode(h[i].Value)
	}
	return Event{Header: h, Body: rest[:n:n]}, nil
}

// splitHeader takes the header block off the front of an event. The fields share one string:
// in a burst, events are read one after another with little left to collect.
func splitHeader(raw []byte) (h Header, rest []byte, err error) {
	end, lines := 0, 0
	for {
		i := bytes.IndexByte(raw[end:], '\n')
		if i < 0 {
			return nil, nil, fmt.Errorf("%w: event header is cut off", ErrProtocol)
		}
		empty := i == 0 || i == 1 && raw[end] == '\r'
		end += i + 1
		if empty {
			break
		}
		lines++
	}
	if end > maxHeaderBytes {
		return nil, nil, fmt.Errorf("%w: header block over %d bytes", ErrProtocol, maxHeaderBytes)
	}
	h = make(Header, 0, lines)
	for line := range strings.SplitSeq(string(raw[:end]), "\n") {
		if len(h) == lines {
			break
		}
		f, err := parseField(strings.TrimSuffix(line, "\r"))
		if err != nil {
			return nil, nil, err
		}
		h = append(h, f)
	}
	return h, raw[end:], nil
}

// parseJSON walks tokens because FreeSWITCH repeats keys, which a map would lose and a strict decoder refuses.
func parseJSON(raw []byte) (Event, error) {
	var e Event
	bad := func(what string) (Event, error) {
		return Event{}, fmt.Errorf("%w: JSON event: %s", ErrProtocol, what)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return bad("not an object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return bad("damaged")
		}
		key, _ := t.(string)
		var value any
		if err := d.Decode(&value); err != nil {
			return bad("damaged")
		}
		switch v := value.(type) {
		case string:
			if key == "_body" {
				e.Body = []byte(v)
				continue
			}
			e.Header = append(e.Header, Field{Name: key, Value: v})
		case []any:
			for _, item := range v {
				s, ok := item.(string)
				if !ok {
					return bad("array of something else than strings")
				}
				e.Header = append(e.Header, Field{Name: key, Value: s})
			}
		default:
			return bad("value that is neither string nor array")
		}
	}
	if _, err := d.Token(); err != nil {
		return bad("not closed")
	}
	return e, nil
}
