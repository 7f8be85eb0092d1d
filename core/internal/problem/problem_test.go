package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

var errCause = errors.New("secret cause 10.0.0.7")

// TestAnswers is the table of the integrators' contract: status and text of every problem.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		p      *problem.Problem
		status int
		text   string
	}{
		{"unauthorized", problem.Unauthorized(), 401, "Unauthorized!"},
		{"wrong login", problem.WrongLogin(), 401, "Wrong login or password!"},
		{"denied", problem.Denied("switched off"), 405, "Access denied!"},
		{"empty", problem.Empty("queue"), 419, "Empty queue!"},
		{"empty date", problem.Empty("start_date"), 419, "Empty start_date!"},
		{"invalid JSON", problem.InvalidJSON(errCause), 420, "Invalid JSON!"},
		{"invalid", problem.Invalid("called_number", errCause), 422, "Invalid called_number!"},
		{"too many", problem.TooMany(time.Second), 429, "Too many requests!"},
		{"wrong id", problem.NotFound("Wrong ID!"), 404, "Wrong ID!"},
		{"tier", problem.NotFound("Tier not found"), 404, "Tier not found"},
		{"conflict", problem.Conflict("Name is taken!"), 409, "Name is taken!"},
		{"stale", problem.Stale(), 412, "Changed meanwhile!"},
		{"too large", problem.TooLarge(), 413, "Request is too large!"},
		{"type", problem.UnsupportedType(), 415, "Unsupported content type!"},
		{"canceled", problem.Canceled(errCause), 499, "Canceled!"},
		{"internal", problem.Internal(errCause), 500, "Internal error!"},
		{"unavailable", problem.Unavailable("FreeSWITCH", errCause), 502, "FreeSWITCH is unavailable!"},
		{"refused", problem.Refused("-ERR USER_BUSY\n", errCause), 502, "-ERR USER_BUSY"},
		{"refused without text", problem.Refused(" \r\n", errCause), 502, "Refused!"},
		{"not ready", problem.NotReady(time.Second, "compiling"), 503, "Not ready, try again later!"},
		{"timeout", problem.Timeout("SMS", errCause), 504, "SMS is unavailable!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.p.Status != tt.status || tt.p.Text != tt.text {
				t.Errorf("got %d %q, want %d %q", tt.p.Status, tt.p.Text, tt.status, tt.text)
			}
			if hasID := tt.p.ID != ""; hasID != (tt.status >= 500) {
				t.Errorf("id %q with status %d; only 5xx has one", tt.p.ID, tt.status)
			}
			var body map[string]string
			raw := tt.p.AppendJSON(nil)
			if err := json.Unmarshal(raw, &body); err != nil {
				t.Fatalf("body %s: %v", raw, err)
			}
			want := map[string]string{"error": tt.text}
			if tt.p.ID != "" {
				want["id"] = tt.p.ID
			}
			if fmt.Sprint(body) != fmt.Sprint(want) {
				t.Errorf("body %v, want %v", body, want)
			}
			if marshalled, err := json.Marshal(tt.p); err != nil || string(marshalled) != string(raw) {
				t.Errorf("json.Marshal gives %s, %v; want %s", marshalled, err, raw)
			}
			if strings.Contains(string(raw), "10.0.0.7") || tt.p.Reason != "" && strings.Contains(string(raw), tt.p.Reason) {
				t.Errorf("body %s tells the client the cause or the reason", raw)
			}
		})
	}
}

func TestExactBody(t *testing.T) {
	got := string(problem.Unauthorized().AppendJSON([]byte("x")))
	if want := `x{"error":"Unauthorized!"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p := problem.Internal(nil)
	if got, want := string(p.AppendJSON(nil)), `{"error":"Internal error!","id":"`+p.ID+`"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorTellsTheLogEverything(t *testing.T) {
	p := problem.Unavailable("SMS", errCause).WithReason("circuit open")
	for _, part := range []string{"502", "SMS is unavailable!", "circuit open", p.ID, errCause.Error()} {
		if !strings.Contains(p.Error(), part) {
			t.Errorf("%q lacks %q", p.Error(), part)
		}
	}
	if !errors.Is(p, errCause) {
		t.Error("the cause is not found through the problem")
	}
}

func TestWithReasonCopies(t *testing.T) {
	p := problem.Denied("no right")
	if q := p.WithReason("switched off"); q == p || p.Reason != "no right" || q.Reason != "switched off" || q.Status != p.Status {
		t.Errorf("original %+v, copy %+v", p, q)
	}
}

func TestFrom(t *testing.T) {
	if problem.From(nil) != nil {
		t.Error("no error must stay no problem")
	}
	p := problem.Invalid("phone", errCause)
	if problem.From(p) != p {
		t.Error("a problem must come back as itself")
	}
	wrapped := fmt.Errorf("send to %s: %w", "mts-main", p)
	got := problem.From(wrapped)
	if got.Status != 422 || got.Text != p.Text || got.Field != "phone" {
		t.Errorf("wrapped problem answers %+v", got)
	}
	if !strings.Contains(got.Error(), "mts-main") || !errors.Is(got, errCause) {
		t.Errorf("the context of the wrapper is lost: %v", got)
	}
	if p.Err != errCause {
		t.Error("From changed the problem that it was given")
	}

	for _, tt := range []struct {
		err    error
		status int
	}{
		{io.ErrUnexpectedEOF, 500},
		{context.DeadlineExceeded, 504},
		{fmt.Errorf("kv: %w", context.DeadlineExceeded), 504},
		{context.Canceled, 499},
		{errors.Join(io.EOF, problem.TooMany(time.Second)), 429},
	} {
		if got := problem.From(tt.err); got.Status != tt.status || !errors.Is(got, tt.err) {
			t.Errorf("From(%v) = %v, want status %d with the cause kept", tt.err, got, tt.status)
		}
	}
}

func TestRetryAfterSecondsRoundsUp(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		-time.Second: 0, 0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90,
	} {
		if got := problem.TooMany(d).RetryAfterSeconds(); got != want {
			t.Errorf("%v: got %d, want %d", d, got, want)
		}
	}
}

func TestNewID(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{10}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := problem.NewID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q is badly shaped or came twice", id)
		}
		seen[id] = true
	}
}

// FuzzAppendJSON: whatever another system answered, the body is one valid JSON object that carries the text unchanged
// (invalid UTF-8 replaced), and a refusal stays one short line.
func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{"", "ok", "a\"b\\c\n\x00\x7f", "\xff\xfe", "</script>&", "\u2028\u2029", "Привет 📞", strings.Repeat("я", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := problem.NotFound(text).AppendJSON(nil)
		var body struct{ Error string }
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if want := string([]rune(text)); body.Error != want {
			t.Fatalf("got %q, want %q", body.Error, want)
		}
		refused := problem.Refused(text, nil).Text
		if len(refused) == 0 || len(refused) > 200 || !utf8.ValidString(refused) || strings.ContainsAny(refused, "\r\n\x00") {
			t.Fatalf("refusal text %q", refused)
		}
	})
}
