// Package crm is a stand-in for an external CRM with a login, sessions that expire and a
// daily call report.
package crm

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options of a Server.
type Options struct {
	Login, Password string        // "crm" and "crm-secret" if empty
	SessionTTL      time.Duration // 10 minutes if 0
	Now             func() time.Time
}

// Request is one request that reached the CRM.
type Request struct {
	Method, Path, Query string
	Authorized          bool
	At                  time.Time
}

// Server is safe for concurrent use.
type Server struct {
	options  Options
	mu       sync.Mutex
	sessions map[string]time.Time // token to expiry
	requests []Request
}

type row struct {
	day    string
	values []*string
}

// Limits keep a long load run small.
const (
	maxRequests = 100_000
	maxSessions = 1000
	maxBody     = 64 << 10
)

// New returns a server.
func New(o Options) *Server {
	if o.Login == "" {
		o.Login = "crm"
	}
	if o.Password == "" {
		o.Password = "crm-secret"
	}
	if o.SessionTTL == 0 {
		o.SessionTTL = 10 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{options: o, sessions: map[string]time.Time{}}
}

// Register adds POST /crm/login, GET and POST /crm/reports/demo, and POST /crm/expire,
// which ends all sessions.
func (s *Server) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /crm/login", s.login)
	mux.HandleFunc("GET /crm/reports/demo", s.demo)
	mux.HandleFunc("POST /crm/reports/demo", s.demo)
	mux.HandleFunc("POST /crm/expire", func(w http.ResponseWriter, _ *http.Request) {
		s.ExpireSessions()
		w.WriteHeader(http.StatusNoContent)
	})
}

// Requests returns what was asked, oldest first; logins are in it without their passwords.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ExpireSessions makes every token invalid: the next report answers 401, a new login helps.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

func (s *Server) note(r *http.Request, authorized bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) < maxRequests {
		s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.RawQuery, authorized, s.options.Now()})
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var body struct{ Login, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
		s.note(r, false)
		fail(w, http.StatusBadRequest, "invalid JSON")
		return
	}
	if body.Login != s.options.Login || body.Password != s.options.Password {
		s.note(r, false)
		fail(w, http.StatusUnauthorized, "wrong login or password")
		return
	}
	s.note(r, true)
	token := rand.Text()
	s.mu.Lock()
	if len(s.sessions) >= maxSessions {
		clear(s.sessions)
	}
	s.sessions[token] = s.options.Now().Add(s.options.SessionTTL)
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"token": token, "expires_in": int(s.options.SessionTTL / time.Second)})
}

func (s *Server) authorized(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	expiry, ok := s.sessions[token]
	return ok && s.options.Now().Before(expiry)
}

func (s *Server) demo(w http.ResponseWriter, r *http.Request) {
	ok := s.authorized(r)
	s.note(r, ok)
	if !ok {
		fail(w, http.StatusUnauthorized, "session expired")
		return
	}
	from, to, problem := period(w, r)
	if problem != "" {
		fail(w, http.StatusBadRequest, problem)
		return
	}
	body, err := encodeRows(from, to)
	if err != nil {
		fail(w, http.StatusInternalServerError, "cannot encode the rows")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // a reader that left needs no answer
}

// period reads from and to (YYYY-MM-DD, both included) from the query, a form or a JSON body.
func period(w http.ResponseWriter, r *http.Request) (from, to, problem string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body struct{ From, To string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return "", "", "invalid JSON"
		}
		from, to = body.From, body.To
	} else {
		from, to = r.FormValue("from"), r.FormValue("to")
	}
	for name, value := range map[string]string{"from": from, "to": to} {
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "", "", name + " must be YYYY-MM-DD"
		}
	}
	if to < from {
		return "", "", "to is before from"
	}
	return from, to, ""
}

// encodeRows keeps the order of the columns, which a Go map would lose.
func encodeRows(from, to string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	b.WriteString(`{"rows":[`)
	first := true
	for _, row := range demoRows {
		if row.day < from || row.day > to {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteByte('{')
		for i, value := range row.values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + Columns[i] + `":`)
			if err := encoder.Encode(value); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the encoder's newline
		}
		b.WriteByte('}')
	}
	b.WriteString("]}\n")
	return b.Bytes(), nil
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"error": message})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a reader that left needs no answer
}
