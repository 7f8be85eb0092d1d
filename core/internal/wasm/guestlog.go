package wasm

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var errBroke = errors.New("the CPU budget is used up")

// Bounds on what guests can write into the log.
const (
	maxLogLine = 8 << 10 // bytes of one line
	taskLines  = 200     // of one task
	poolLines  = 1000    // of one instance in a second
)

// guestLog writes the lines of an instance's guests, at a bounded rate. It is
// safe for concurrent use.
type guestLog struct {
	log hclog.Logger

	mu      sync.Mutex
	second  time.Time
	lines   int
	dropped int
}

// admit takes a line into account and reports whether it may be written.
func (l *guestLog) admit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.second) >= time.Second {
		if l.dropped > 0 {
			l.log.Warn("the plugin writes too many log lines", "dropped", l.dropped, "limit_per_second", poolLines)
		}
		l.second, l.lines, l.dropped = now, 0, 0
	}
	if l.lines++; l.lines > poolLines {
		l.dropped++
		return false
	}
	return true
}

// line writes what a guest gives to import log; t may be nil. It reports whether
// the line was written.
func (l *guestLog) line(level abi.Level, text []byte, t *task) bool {
	requestID := ""
	if t != nil {
		requestID = t.requestID
		if t.lines++; t.lines > taskLines {
			if t.lines == taskLines+1 {
				l.log.Warn("the task writes too many log lines; the rest is dropped", "request_id", requestID, "limit", taskLines)
			}
			return false
		}
	}
	if !l.admit() {
		return false
	}
	l.log.Log(hclogLevel(level), safeLine(text), "request_id", requestID)
	return true
}

func hclogLevel(l abi.Level) hclog.Level {
	switch l {
	case abi.LevelDebug:
		return hclog.Debug
	case abi.LevelWarn:
		return hclog.Warn
	case abi.LevelError:
		return hclog.Error
	}
	return hclog.Info
}

// safeLine makes text from a guest harmless in a log: one line, valid UTF-8, of
// bounded length.
func safeLine(line []byte) string {
	cut := len(line) > maxLogLine
	if cut {
		line = line[:maxLogLine]
	}
	s := strings.ToValidUTF8(string(line), string(utf8.RuneError))
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.TrimRight(s, "\r\n"))
	if cut {
		s += " …"
	}
	return s
}

// crashLines is how many of a guest's last lines are kept, crashBytes how much of
// each.
const (
	crashLines = 40
	crashBytes = 512
)

// stream cuts what a guest writes to stdout or stderr, a panic trace for example,
// into lines and logs them. It keeps the last ones of the present call as the
// reason of a crash, and the line that begins a trace, which long traces push out.
// It is used under the guest's lock only.
type stream struct {
	guest    *guest
	level    hclog.Level
	partial  []byte
	last     [crashLines][]byte // a ring
	lines    int                // written in the present call
	headline string
}

func (s *stream) Write(p []byte) (int, error) {
	s.guest.charge(int64(len(p))*unitsPerByteText + unitsPerMessage)
	if s.guest.broke() {
		return 0, errBroke
	}
	n := len(p)
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		if room := maxLogLine + 1 - len(s.partial); room > 0 {
			s.partial = append(s.partial, line[:min(len(line), room)]...)
		}
		if !whole {
			break
		}
		s.flush()
		p = rest
	}
	return n, nil
}

// flush ends the line that is being written.
func (s *stream) flush() {
	line := s.partial[:min(len(s.partial), crashBytes)]
	place := &s.last[s.lines%crashLines]
	*place = append((*place)[:0], line...)
	s.lines++
	if beginsTrace(line) {
		s.headline = safeLine(line)
	}
	if s.guest.pool.log.admit() {
		s.guest.charge(unitsPerLine)
		s.guest.pool.log.log.Log(s.level, safeLine(s.partial))
	}
	s.partial = s.partial[:0]
}

// beginsTrace knows the first lines of Go's and Rust's traces.
func beginsTrace(line []byte) bool {
	return bytes.HasPrefix(line, []byte("panic: ")) || bytes.HasPrefix(line, []byte("fatal error: ")) ||
		bytes.HasPrefix(line, []byte("thread ")) && bytes.Contains(line, []byte(" panicked at "))
}

// forget is called when a call went well: what it wrote explains no crash.
func (s *stream) forget() { s.lines, s.headline = 0, "" }

// words returns the last lines written, joined, below the headline.
func (s *stream) words() string {
	if len(s.partial) > 0 {
		s.flush()
	}
	var lines []string
	for i := max(0, s.lines-crashLines); i < s.lines; i++ {
		if line := s.last[i%crashLines]; len(line) > 0 {
			lines = append(lines, safeLine(line))
		}
	}
	if s.headline != "" && !slices.Contains(lines, s.headline) {
		lines = slices.Insert(lines, 0, s.headline, "…")
	}
	return strings.Join(lines, "\n")
}
