package template

// maxNesting bounds the JSON of a template; no aggregator asks for more.
const maxNesting = 32

// scanJSON reports where b stops being exactly one JSON value, or -1 when it is
// one. It checks the operator's template once, at configure time.
func scanJSON(b []byte) int {
	s := scanner{b: b}
	if !s.value(0) {
		return s.pos
	}
	s.space()
	if s.pos != len(b) {
		return s.pos
	}
	return -1
}

type scanner struct {
	b   []byte
	pos int
}

func (s *scanner) space() {
	for s.pos < len(s.b) && (s.b[s.pos] == ' ' || s.b[s.pos] == '\t' || s.b[s.pos] == '\n' || s.b[s.pos] == '\r') {
		s.pos++
	}
}

// take skips c when it comes next.
func (s *scanner) take(c byte) bool {
	if s.pos < len(s.b) && s.b[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.pos >= len(w) && string(s.b[s.pos:s.pos+len(w)]) == w {
		s.pos += len(w)
		return true
	}
	return false
}

func (s *scanner) value(depth int) bool {
	if depth > maxNesting {
		return false
	}
	s.space()
	switch {
	case s.take('{'):
		return s.list('}', func() bool {
			s.space()
			if !s.text() {
				return false
			}
			s.space()
			return s.take(':') && s.value(depth+1)
		})
	case s.take('['):
		return s.list(']', func() bool { return s.value(depth + 1) })
	case s.pos < len(s.b) && s.b[s.pos] == '"':
		return s.text()
	case s.word("true"), s.word("false"), s.word("null"):
		return true
	}
	end := scanNumber(s.b, s.pos)
	ok := end > s.pos
	s.pos = max(end, s.pos)
	return ok
}

// list reads comma-separated items up to the closing byte.
func (s *scanner) list(closing byte, item func() bool) bool {
	s.space()
	if s.take(closing) {
		return true
	}
	for {
		if !item() {
			return false
		}
		s.space()
		if s.take(closing) {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) text() bool {
	if !s.take('"') {
		return false
	}
	for s.pos < len(s.b) {
		c := s.b[s.pos]
		switch {
		case c == '"':
			s.pos++
			return true
		case c < ' ':
			return false
		case c == '\\':
			s.pos++
			if !s.escape() {
				return false
			}
		default:
			s.pos++
		}
	}
	return false
}

func (s *scanner) escape() bool {
	if s.pos >= len(s.b) {
		return false
	}
	c := s.b[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.pos >= len(s.b) || !isHex(s.b[s.pos]) {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// scanNumber returns the end of the JSON number at from, or -1 when there is
// none.
func scanNumber(b []byte, from int) int {
	i := from
	if i < len(b) && b[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(b) && isDigit(b[i]) {
			i++
		}
		return i > start
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}
