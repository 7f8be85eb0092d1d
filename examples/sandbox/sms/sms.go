// Package sms is a stand-in for four kinds of SMS aggregators: a Kannel, a smsc.ru, a sms.ru
// and a plain JSON one. The last four digits of the number choose the outcome, so that a
// test can ask for a refusal, an error inside a success, silence, garbage or a cut line.
package sms

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Outcome is what the last four digits of a number ask for.
type Outcome int

// The outcomes.
const (
	Accept      Outcome = iota
	Refuse              // …0001: the aggregator refuses, in its own way
	InnerError          // …0002: HTTP 200 (Kannel: 202) with an error or a caveat inside
	Silence             // …0003: no answer until the client gives up or Options.Hang is over
	Garbage             // …0004: HTTP 200 with an HTML page
	Drop                // …0005: the request is read and kept, then the connection is cut
	Unavailable         // …0006: 503
	Undelivered         // …0007: accepted, later not delivered
	Expired             // …0008: accepted, later expired
	Secretive           // …0009: accepted and delivered, but no receipt is sent
)

// accepts reports whether an aggregator takes a message with this outcome.
func (o Outcome) accepts() bool { return o == Accept || o > Unavailable }

// OutcomeOf reads the magic digits of a number.
func OutcomeOf(number string) Outcome {
	for outcome := Refuse; outcome <= Secretive; outcome++ {
		if strings.HasSuffix(number, "000"+strconv.Itoa(int(outcome))) {
			return outcome
		}
	}
	return Accept
}

// Options of a Server. Empty credentials get the defaults named in README.md.
type Options struct {
	User, Password string        // Kannel and smsc.ru: "patchbay", "secret"
	APIID          string        // sms.ru: "sandbox-api-id"
	Key            string        // plain JSON: "sandbox-key"
	Hang           time.Duration // how long Silence lasts, 60 s if 0
	Delay          time.Duration // between accepted, sent and delivered; 200 ms if 0
}

// Message is one SMS that an aggregator read.
type Message struct {
	ID       string    `json:"id"`
	Format   string    `json:"format"` // "kannel", "smsc", "smsru", "json"
	To       string    `json:"to"`
	From     string    `json:"from"`
	Text     string    `json:"text"`
	Garbled  bool      `json:"garbled"` // the text lost characters: wrong coding or charset
	Accepted bool      `json:"accepted"`
	At       time.Time `json:"at"`
	Delivery string    `json:"delivery"` // "", then "sent", then "delivered", "undelivered" or "expired"
}

// Server is safe for concurrent use.
type Server struct {
	options Options
	done    chan struct{}
	once    sync.Once
	work    sync.WaitGroup // deliveries
	mu      sync.Mutex
	closed  bool
	next    int
	kept    []Message
}

const (
	maxKept = 100_000
	maxBody = 1 << 20
)

// New returns a server.
func New(o Options) *Server {
	for field, value := range map[*string]string{&o.User: "patchbay", &o.Password: "secret", &o.APIID: "sandbox-api-id", &o.Key: "sandbox-key"} {
		if *field == "" {
			*field = value
		}
	}
	if o.Hang == 0 {
		o.Hang = time.Minute
	}
	if o.Delay == 0 {
		o.Delay = 200 * time.Millisecond
	}
	return &Server{options: o, done: make(chan struct{})}
}

// Close ends every silent request and every delivery.
func (s *Server) Close() {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		close(s.done)
	})
	s.work.Wait()
}

// Register adds the four send addresses, status and balance of the plain JSON
// aggregator, and GET /sms/messages.
func (s *Server) Register(mux *http.ServeMux) {
	mux.HandleFunc("/cgi-bin/sendsms", s.kannel)
	mux.HandleFunc("/sms/kannel", s.kannel)
	mux.HandleFunc("/sys/send.php", s.smsc)
	mux.HandleFunc("/sms/send", s.smsru)
	mux.HandleFunc("POST /api/send", s.json)
	mux.HandleFunc("GET /api/status", s.status)
	mux.HandleFunc("GET /api/balance", s.balance)
	mux.HandleFunc("GET /sms/messages", s.list)
}

// Messages returns what was read, oldest first, accepted or not.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message{}, s.kept...)
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Messages())
}

// keep stores a message and returns its id.
func (s *Server) keep(m Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	m.ID, m.At = strconv.Itoa(100000+s.next), time.Now()
	if len(s.kept) < maxKept {
		s.kept = append(s.kept, m)
	}
	return m.ID
}

// common plays the outcomes that look the same everywhere and returns true if it answered.
func (s *Server) common(w http.ResponseWriter, r *http.Request, outcome Outcome) bool {
	switch outcome {
	case Silence:
		timer := time.NewTimer(s.options.Hang)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		case <-s.done:
		}
		cut(w)
		return true
	case Drop:
		cut(w)
		return true
	case Garbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body><h1>It works!</h1></body>\x00\xff"))
		return true
	}
	return false
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // nothing was promised to the peer
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // a reader that left needs no answer
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a reader that left needs no answer
}
