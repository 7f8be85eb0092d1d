package freeswitch

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// maxCommand bounds one command and its body; the real limit is 16 MiB.
const maxCommand = 1 << 20

var errTooLong = errors.New("freeswitch: command is too long")

// request is one command of the event socket: its first line and the headers after it.
type request struct {
	line    string
	headers map[string]string // names in lower case, the first one wins
	names   []string          // header names as written
	raw     string            // everything up to the blank line
	body    string
}

// nextRequest takes one request off the front of buf as mod_event_socket's read_packet
// does: leading line ends are skipped, \r counts for nothing, an empty line ends the
// request. ok is false when more bytes are needed.
func nextRequest(buf []byte) (r request, rest []byte, ok bool, err error) {
	start := 0
	for start < len(buf) && (buf[start] == '\r' || buf[start] == '\n') {
		start++
	}
	buf = buf[start:]
	end := headEnd(buf)
	if end < 0 {
		if len(buf) > maxCommand {
			return request{}, nil, false, errTooLong
		}
		return request{}, buf, false, nil
	}
	r = parseRequest(string(buf[:end]))
	length, convErr := strconv.Atoi(strings.TrimSpace(r.headers["content-length"]))
	if convErr != nil || length <= 0 {
		return r, buf[end:], true, nil
	}
	if length > maxCommand {
		return request{}, nil, false, errTooLong
	}
	if len(buf) < end+length {
		return request{}, buf, false, nil
	}
	r.body = string(buf[end : end+length])
	return r, buf[end+length:], true, nil
}

// headEnd returns the index after the empty line, or -1.
func headEnd(buf []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(buf[i:], '\n')
		if j < 0 {
			return -1
		}
		i += j + 1
		k := i
		for k < len(buf) && buf[k] == '\r' {
			k++
		}
		if k < len(buf) && buf[k] == '\n' {
			return k + 1
		}
	}
}

func parseRequest(text string) request {
	r := request{raw: strings.TrimRight(text, "\r\n"), headers: map[string]string{}}
	for i, line := range strings.FieldsFunc(text, func(c rune) bool { return c == '\r' || c == '\n' }) {
		if i == 0 {
			r.line = line
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		key := strings.ToLower(name)
		if _, taken := r.headers[key]; !taken {
			r.headers[key] = strings.TrimLeft(value, " ")
			r.names = append(r.names, name)
		}
	}
	return r
}

// hasVerb tells whether the line begins with a verb, compared by prefix without case:
// `exitfoo` exits.
func (r request) hasVerb(verb string) bool {
	return len(r.line) >= len(verb) && strings.EqualFold(r.line[:len(verb)], verb)
}
