// Package traefik is the work of the benchmark as a plugin of Traefik, which
// interprets it (Yaegi): token, status, right, JSON, number and segments. The record
// is a line of Traefik's access log, and its proxy asks the upstream.
package traefik

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/examples/bench/work"
)

const (
	module     = "bench"
	maxMessage = 1600 // characters, as in the manifest of the gateway's plugin
	maxPhone   = 64
	// recordHeader is the request header that carries what the record says; the
	// access log keeps it.
	recordHeader = "X-Bench-Record"
)

// Config is what the middleware is given in Traefik's dynamic configuration.
type Config struct {
	// Users is a file written by `twin fill --users`.
	Users string `json:"users,omitempty"`
}

// CreateConfig is called by Traefik.
func CreateConfig() *Config { return &Config{} }

// user is whom a token belongs to.
type user struct {
	login  string
	active bool
	rights map[string]bool // "module.action"
}

type plugin struct {
	next  http.Handler
	users map[string]*user
	ids   uint64
}

// New is called by Traefik for each middleware; next asks the upstream.
func New(_ context.Context, next http.Handler, c *Config, _ string) (http.Handler, error) {
	f, err := os.Open(c.Users)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	defer func() { _ = f.Close() }()
	p := &plugin{next: next, users: map[string]*user{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 4 {
			return nil, errors.New("users: want token, login, status and rights between tabs")
		}
		u := &user{login: fields[1], active: fields[2] == "10", rights: map[string]bool{}}
		for _, right := range strings.Split(fields[3], ",") {
			u.rights[right] = true
		}
		p.users[fields[0]] = u
	}
	return p, lines.Err()
}

// sms is what a caller sends.
type sms struct {
	Phone   string `json:"phone"`
	Message string `json:"message"`
}

// ServeHTTP answers a request. Traefik writes the record after that.
func (p *plugin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q sms
	login := ""
	body, status, refusal := p.handle(r, &q, &login)
	record := login
	if q.Phone != "" || q.Message != "" {
		record += "\t" + mask(q.Phone) + "\t" + strconv.Itoa(utf8.RuneCountInString(q.Message))
	}
	if refusal != "" {
		body = `{"error":"` + refusal + `"}`
		record += "\t" + refusal
	}
	id := atomic.AddUint64(&p.ids, 1) * 0x9e3779b97f4a7c15
	text := strconv.FormatUint(id, 16)
	r.Header.Set(recordHeader, text+"\t"+record)
	w.Header().Set("X-Request-Id", text)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the caller is gone when it fails
}

// handle returns either an answer or the text of a refusal.
func (p *plugin) handle(r *http.Request, q *sms, login *string) (answer string, status int, refusal string) {
	token := r.Header.Get("Authorization")
	if !strings.HasPrefix(token, "Bearer ") {
		return "", 401, "Unauthorized!"
	}
	u := p.users[token[len("Bearer "):]]
	if u == nil || !u.active {
		return "", 401, "Unauthorized!"
	}
	*login = u.login
	action := strings.TrimPrefix(r.URL.Path, "/bench/")
	if !u.rights[module+"."+action] {
		return "", 405, "Access denied!"
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return "", 420, "Invalid JSON!"
	}
	if err := json.Unmarshal(sent, q); err != nil {
		return "", 420, "Invalid JSON!"
	}
	if strings.TrimSpace(q.Phone) == "" {
		return "", 419, "Empty phone!"
	}
	if strings.TrimSpace(q.Message) == "" {
		return "", 419, "Empty message!"
	}
	if utf8.RuneCountInString(q.Phone) > maxPhone {
		return "", 422, "Invalid phone!"
	}
	if utf8.RuneCountInString(q.Message) > maxMessage {
		return "", 422, "Invalid message!"
	}
	out, number, ok := work.Answer(nil, q.Phone, q.Message)
	if !ok {
		return "", 422, "Invalid phone!"
	}
	if action != "submit" {
		return string(out), 200, ""
	}
	said, ok := p.submit(r, number.E164, q.Message)
	if !ok {
		return "", 502, "Upstream is unavailable!"
	}
	text, err := json.Marshal(said)
	if err != nil {
		return "", 502, "Upstream is unavailable!"
	}
	return string(out[:len(out)-1]) + `,"answer":` + string(text) + "}", 200, ""
}

// submit posts the message to the upstream and returns what that says.
func (p *plugin) submit(r *http.Request, e164, message string) (string, bool) {
	r.Header.Del("Authorization")
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("X-Phone", e164)
	r.Body = io.NopCloser(strings.NewReader(message))
	r.ContentLength = int64(len(message))
	r.URL.Path, r.RequestURI = "/", "/"
	a := &answer{header: http.Header{}, status: 200}
	p.next.ServeHTTP(a, r)
	return string(a.body), a.status == 200
}

// answer is what the upstream said.
type answer struct {
	header http.Header
	status int
	body   []byte
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

// mask shows the beginning and the end of a number, as the gateway's journal does.
func mask(text string) string {
	var digits []byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		} else if strings.IndexByte(" .()+-", c) < 0 {
			return "***"
		}
	}
	n, front := len(digits), 0
	if n < 7 || n > 20 {
		return "***"
	}
	if n >= 10 {
		front = 4
	} else if n >= 8 {
		front = 2
	}
	plus := ""
	if text[0] == '+' {
		plus = "+"
	}
	return plus + string(digits[:front]) + "***" + string(digits[n-2:])
}
