package admin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// stream is an answer that goes on: server-sent events until the caller leaves, its
// session ends, or the gateway stops. next is called at once and after every pause.
type stream struct {
	pause time.Duration
	next  func(*sink)
}

// Bounds on streams. A stream ends by itself in time, and browsers come back: so
// none outlives the deadline of its connection, and a forgotten one ends.
const (
	maxStreams        = 64
	maxStreamsPerUser = 8
	streamTime        = 5 * time.Minute
)

// streams counts the streams in use.
type streams struct {
	mu    sync.Mutex
	all   int
	users map[string]int
}

func (s *streams) enter(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreams || s.users[user] >= maxStreamsPerUser {
		return false
	}
	if s.users == nil {
		s.users = map[string]int{}
	}
	s.all++
	s.users[user]++
	return true
}

func (s *streams) leave(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.users[user]--; s.users[user] == 0 {
		delete(s.users, user)
	}
}

// sink takes events.
type sink struct{ buffer bytes.Buffer }

// send adds an event; v is written as JSON on one line.
func (s *sink) send(name string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		return // the types of this package cannot fail
	}
	s.buffer.WriteString("event: ")
	s.buffer.WriteString(name)
	s.buffer.WriteString("\ndata: ")
	s.buffer.Write(text)
	s.buffer.WriteString("\n\n")
}

// changed remembers what was sent last.
type changed struct{ text []byte }

func (c *changed) differs(v any) bool {
	text, err := json.Marshal(v)
	if err != nil || bytes.Equal(text, c.text) {
		return false
	}
	c.text = text
	return true
}

// sendStream answers with a stream. Nothing of the request may be used once it
// returns: Fiber gives the request to somebody else.
func (a *API) sendStream(f *fiber.Ctx, r route, c *call, s *stream) error {
	user, token, local := c.login(), strings.Clone(bearer(f)), c.local
	if !a.streams.enter(user) {
		return a.answer(f, problem.TooMany(10*time.Second).WithReason("too many live views"))
	}
	f.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	f.Set(fiber.HeaderCacheControl, "no-store")
	f.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	least := r.least
	alive := func() bool {
		if local {
			return true
		}
		who := a.opt.Users.Peek(token)
		return who != nil && covers(who.Role, least) && !who.MustChange
	}
	f.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer a.streams.leave(user)
		a.pump(w, s, alive)
	})
	return nil
}

func (a *API) pump(w *bufio.Writer, s *stream, alive func() bool) {
	end := time.NewTimer(streamTime)
	defer end.Stop()
	ticker := time.NewTicker(s.pause)
	defer ticker.Stop()
	out := &sink{}
	out.buffer.WriteString("retry: 2000\n\n")
	for beats := 0; alive(); beats++ {
		s.next(out)
		if out.buffer.Len() == 0 && beats%8 == 0 {
			out.buffer.WriteString(":\n\n") // a heartbeat, so that a lost caller is noticed
		}
		if out.buffer.Len() > 0 {
			if _, err := w.Write(out.buffer.Bytes()); err != nil {
				return
			}
			if err := w.Flush(); err != nil {
				return
			}
			out.buffer.Reset()
		}
		select {
		case <-ticker.C:
		case <-end.C:
			return
		case <-a.opt.Closing:
			return
		}
	}
}
