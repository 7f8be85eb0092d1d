package admin

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

const (
	defaultRecords = 100
	maxRecords     = 10_000
)

// page is a part of the journal; next continues behind it.
type page[T any] struct {
	Rows []T    `json:"rows"`
	Next string `json:"next"`
	// Partial means that the search ended early, having come as far as Searched, to
	// keep the answer quick: what else matches is behind next.
	Partial  bool       `json:"partial"`
	Searched *time.Time `json:"searched"`
	// Skipped counts damaged parts of the journal that were passed over.
	Skipped int `json:"skipped"`
}

func newPage[R, T any](p journal.Page[R], err error, convert func(*R) T) (any, error) {
	if err != nil {
		return nil, err
	}
	out := page[T]{Rows: make([]T, len(p.Rows)), Next: p.Next, Partial: p.Partial, Searched: optional(p.Searched), Skipped: p.Skipped}
	for i := range p.Rows {
		out.Rows[i] = convert(&p.Rows[i])
	}
	return out, nil
}

// query reads the filters of a journal route; allowed are those that the kind of
// record has besides the common ones.
func (a *API) query(c *call, allowed ...string) (journal.Query, error) {
	q := journal.Query{Limit: defaultRecords, Reverse: true}
	values, err := url.ParseQuery(string(c.fiber.Context().URI().QueryString()))
	if err != nil {
		return q, Reject("query", Violation{Message: "the query is not well-formed"})
	}
	var found []Violation
	fault := func(name, message string) { found = append(found, Violation{Pointer: "/" + name, Message: message}) }
	texts := map[string]*string{"user": &q.User, "module": &q.Module, "action": &q.Action, "text": &q.Text, "cursor": &q.Cursor}
	for name, list := range values {
		if len(list) > 1 {
			fault(name, "is there twice")
			continue
		}
		text := list[0]
		to, isText := texts[name]
		switch {
		case isText && (name == "user" || name == "text" || name == "cursor" || slices.Contains(allowed, name)):
			*to = text
		case name == "from" || name == "to":
			at, err := parseTime(text, name == "to", a.opt.Zone)
			if err != nil {
				fault(name, "want a date 2006-01-02, a time 2006-01-02 15:04:05 or RFC 3339")
			}
			if name == "from" {
				q.From = at
			} else {
				q.To = at
			}
		case name == "limit":
			if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxRecords {
				fault(name, "want 1 to "+strconv.Itoa(maxRecords))
			}
		case name == "order":
			if text != "newest" && text != "oldest" {
				fault(name, "want newest or oldest")
			}
			q.Reverse = text != "oldest"
		case name == "bad" && slices.Contains(allowed, name):
			if q.BadOnly, err = strconv.ParseBool(text); err != nil {
				fault(name, "want true or false")
			}
		default:
			fault(name, "there is no such filter")
		}
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(x, y Violation) int { return strings.Compare(x.Pointer, y.Pointer) })
		return q, Reject("query", found...)
	}
	return q, nil
}

// parseTime reads a bound of a query. A date alone means the whole day in the
// gateway's zone: as the later bound it is the beginning of the next day.
func parseTime(text string, end bool, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateTime, text, zone); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}

type requestRow struct {
	ID        uint64          `json:"id,string"`
	Time      time.Time       `json:"time"`
	Module    string          `json:"module"`
	Action    string          `json:"action"`
	Status    int             `json:"status"`
	Error     string          `json:"error"`
	Body      json.RawMessage `json:"body"`
	User      string          `json:"user"`
	IP        string          `json:"ip"`
	Duration  float64         `json:"duration_ms"`
	RequestID string          `json:"request_id"`
	Reason    string          `json:"reason"`
	Ignored   []string        `json:"ignored"`
	ErrorID   string          `json:"error_id"`
}

func (a *API) journalRequests(c *call) (any, error) {
	q, err := a.query(c, "module", "action", "bad")
	if err != nil {
		return nil, err
	}
	p, err := a.opt.Journal.Requests(c.ctx, q)
	return newPage(p, err, maskedRequest)
}

type smsRow struct {
	ID         uint64     `json:"id,string"`
	Time       time.Time  `json:"time"`
	Phone      string     `json:"phone"`
	Originator string     `json:"originator"`
	Message    string     `json:"message"`
	ProjectID  string     `json:"project_id"`
	SessionID  string     `json:"session_id"`
	User       string     `json:"user"`
	RequestID  string     `json:"request_id"`
	Provider   string     `json:"provider"`
	MessageID  string     `json:"message_id"`
	Result     string     `json:"result"`
	Detail     string     `json:"detail"`
	Segments   int        `json:"segments"`
	Done       *time.Time `json:"done"`

	Route        string         `json:"route"`
	Status       journal.Status `json:"status"`
	StatusDetail string         `json:"status_detail"`
	StatusAt     *time.Time     `json:"status_at"`
}

func (a *API) journalSMS(c *call) (any, error) {
	q, err := a.query(c, "bad")
	if err != nil {
		return nil, err
	}
	p, err := a.opt.Journal.SMS(c.ctx, q)
	return newPage(p, err, maskedSMS)
}

type callRow struct {
	ID        uint64     `json:"id,string"`
	Time      time.Time  `json:"time"`
	Node      string     `json:"node"`
	Called    string     `json:"called"`
	Caller    string     `json:"caller"`
	Account   string     `json:"account"`
	UUID      string     `json:"uuid"`
	User      string     `json:"user"`
	RequestID string     `json:"request_id"`
	Result    string     `json:"result"`
	Detail    string     `json:"detail"`
	Done      *time.Time `json:"done"`
}

func (a *API) journalCalls(c *call) (any, error) {
	q, err := a.query(c, "bad")
	if err != nil {
		return nil, err
	}
	p, err := a.opt.Journal.Calls(c.ctx, q)
	return newPage(p, err, maskedCall)
}

type auditRow struct {
	ID        uint64          `json:"id,string"`
	Time      time.Time       `json:"time"`
	User      string          `json:"user"`
	IP        string          `json:"ip"`
	Action    string          `json:"action"`
	Object    string          `json:"object"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
	RequestID string          `json:"request_id"`
}

func newAuditRow(r *journal.Audit) auditRow {
	return auditRow{
		ID: r.ID, Time: r.Time, User: r.User, IP: r.IP, Action: r.Action, Object: r.Object, Before: raw(r.Before), After: raw(r.After), RequestID: r.RequestID,
	}
}

func (a *API) journalAudit(c *call) (any, error) {
	q, err := a.query(c, "action")
	if err != nil {
		return nil, err
	}
	p, err := a.opt.Journal.Audits(c.ctx, q)
	return newPage(p, err, newAuditRow)
}

// raw returns stored JSON as it is, null for nothing, and anything else as a
// string.
func raw(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("null")
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil { // a string cannot fail
		return json.RawMessage("null")
	}
	return quoted
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
