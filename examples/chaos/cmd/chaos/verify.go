package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// row is what all kinds of journal records have in common, and what two of them need.
type row struct {
	ID        uint64 `json:"id,string"`
	RequestID string `json:"request_id"`
	Status    any    `json:"status"` // of a request a number, of an SMS its delivery
	Message   string `json:"message"`
	Result    string `json:"result"`
	UUID      string `json:"uuid"`
}

// kinds of records that the load makes.
var kinds = []string{"requests", "sms", "calls"}

// book is what was read of the journal so far. Reading again costs only what is new.
type book struct {
	last map[string]uint64         // highest id by kind
	rows map[string]map[uint64]row // by kind and id
}

func newBook() *book {
	b := &book{last: map[string]uint64{}, rows: map[string]map[uint64]row{}}
	for _, k := range kinds {
		b.rows[k] = map[uint64]row{}
	}
	return b
}

const pageRows = 5000

// read adds what is new. Records of the last batch may still change (an outcome comes
// after its intent), so the newest ones are read again.
func (b *book) read(ctx context.Context, w *world, t *trial) error {
	for _, kind := range kinds {
		query := url.Values{"order": {"newest"}, "limit": {fmt.Sprint(pageRows)}}
		seen := map[uint64]bool{}
		known := b.last[kind]
		for more := true; more; {
			var page struct {
				Rows    []row
				Next    string
				Skipped int
			}
			if err := w.admin(ctx, "GET", "/journal/"+kind+"?"+query.Encode(), "", &page); err != nil {
				return fmt.Errorf("read the journal: %w", err)
			}
			if page.Skipped > 0 {
				t.miss("%d damaged blocks of %s", page.Skipped, kind)
			}
			more = page.Next != ""
			query.Set("cursor", page.Next)
			for _, r := range page.Rows {
				if seen[r.ID] {
					t.miss("%s %d is there twice", kind, r.ID)
				}
				seen[r.ID] = true
				b.rows[kind][r.ID] = r
				b.last[kind] = max(b.last[kind], r.ID)
				more = more && r.ID > known
			}
		}
	}
	return nil
}

var callerOf = regexp.MustCompile(`origination_caller_id_number='?\+?[0-9]*?([0-9]{7})['],|origination_caller_id_number='?\+?[0-9]*?([0-9]{7})'?[,}\]]`)

// tagOfCall is the tag of the attempt that made a call, "" for a call of nobody's.
func tagOfCall(c call) string {
	m := callerOf.FindStringSubmatch(c.Command)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// outside is what really happened behind the gateway.
type outside struct {
	messages map[string][]message // by text
	calls    map[string][]call    // by tag
}

func (w *world) outside(ctx context.Context) (*outside, error) {
	o := &outside{messages: map[string][]message{}, calls: map[string][]call{}}
	messages, err := w.sandbox.messages(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		o.messages[m.Text] = append(o.messages[m.Text], m)
	}
	dialled, err := w.sandbox.calls(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range dialled {
		tag := tagOfCall(c)
		o.calls[tag] = append(o.calls[tag], c)
	}
	return o, nil
}

// verify compares what callers saw with the journal and with what happened outside.
// Nothing may be under way. o is nil when nobody knows what happened outside.
func verify(t *trial, attempts []*attempt, b *book, o *outside) {
	byRequest := map[string]map[string][]row{}
	for kind, rows := range b.rows {
		byRequest[kind] = map[string][]row{}
		for _, r := range rows {
			byRequest[kind][r.RequestID] = append(byRequest[kind][r.RequestID], r)
		}
	}
	for id, rows := range byRequest["requests"] {
		if len(rows) > 1 {
			t.miss("request %s has %d records", id, len(rows))
		}
	}
	byText := map[string][]row{}
	for _, r := range b.rows["sms"] {
		byText[r.Message] = append(byText[r.Message], r)
		if r.Result == "pending" {
			t.miss("SMS %d is pending with nothing under way", r.ID)
		}
	}
	for _, a := range attempts {
		if a.answered {
			verifyRecord(t, a, byRequest["requests"][a.answer.requestID])
		}
		switch {
		case o == nil:
		case a.kind == sms:
			verifySMS(t, a, byText[a.tag], o.messages[a.tag])
		case a.kind == calls:
			var record []row
			if a.answered {
				record = byRequest["calls"][a.answer.requestID]
			}
			verifyCall(t, a, record, o.calls[a.tag])
		}
	}
	if o != nil {
		for text, got := range o.messages {
			if strings.HasPrefix(text, "chaos ") && len(byText[text]) == 0 {
				t.miss("the aggregator has %q (%d times) and the journal has not", text, len(got))
			}
		}
	}
}

func verifyRecord(t *trial, a *attempt, records []row) {
	switch {
	case a.answer.requestID == "":
		t.miss("%s was answered %d without X-Request-Id", a.path, a.answer.status)
	case len(records) == 0:
		t.miss("%s %s was answered %d and is not in the journal", a.path, a.answer.requestID, a.answer.status)
	case records[0].Status != float64(a.answer.status):
		t.miss("%s was answered %d and is recorded as %v", a.path, a.answer.status, records[0].Status)
	}
}

// resultOK is how the journal writes what was done; "error" was certainly not, and
// "unknown" is what nobody can tell.
const resultOK = "OK"

// verifySMS holds the answer, the record and the aggregator against each other.
func verifySMS(t *trial, a *attempt, records []row, got []message) {
	taken := 0
	for _, m := range got {
		if m.Accepted {
			taken++
		}
	}
	result := ""
	if len(records) > 0 {
		result = records[0].Result
	}
	switch {
	case len(got) > 1:
		t.miss("%q was sent %d times", a.tag, len(got))
	case len(records) > 1:
		t.miss("%q has %d records", a.tag, len(records))
	case len(got) == 1 && len(records) == 0:
		t.miss("%q reached the aggregator and has no record", a.tag)
	case a.accepted() && (taken != 1 || result != resultOK):
		t.miss("%q was answered OK: accepted %d times, recorded as %q", a.tag, taken, result)
	case a.refused() && (taken != 0 || result != "error"):
		t.miss("%q was answered as not sent: accepted %d times, recorded as %q", a.tag, taken, result)
	case result == resultOK && taken != 1:
		t.miss("%q is recorded as sent, but the aggregator did not take it", a.tag)
	case result == "error" && taken != 0:
		t.miss("%q is recorded as not sent, but the aggregator took it", a.tag)
	}
}

func verifyCall(t *trial, a *attempt, records []row, dialled []call) {
	switch {
	case len(dialled) > 1:
		t.miss("call of %s was dialled %d times", a.tag, len(dialled))
	case !a.answered:
	case len(records) > 1:
		t.miss("call of %s has %d records", a.tag, len(records))
	case a.answer.status == 200 && (len(dialled) != 1 || !strings.Contains(a.answer.body, "+OK "+dialled[0].UUID)):
		t.miss("call of %s was answered %s, FreeSWITCH dialled %v", a.tag, a.answer.body, dialled)
	case a.answer.status == 200 && (len(records) != 1 || records[0].Result != resultOK || records[0].UUID != dialled[0].UUID):
		t.miss("call of %s is answered and recorded as %+v", a.tag, records)
	case a.answer.status == 502 && strings.Contains(a.answer.body, "unavailable") && len(dialled) > 0:
		t.miss("call of %s was answered as not placed and was dialled", a.tag)
	case len(dialled) == 1 && len(records) == 0:
		t.miss("call of %s was dialled and has no record", a.tag)
	}
}
