package journalcall

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Bounds of what a plugin can put into one record or request.
const (
	maxParts    = 64
	maxReceipts = 1000
	maxDetail   = 1 << 10
	maxCheck    = 30 * 24 * time.Hour
)

// outcome reads the fields of journal_end.
func (o Options) outcome(result string, f abi.Value) journal.SMSOutcome {
	segments, _ := f.Get("segments").Int() // missing is 0
	out := journal.SMSOutcome{
		Result: result, Module: o.Module, Provider: f.Get("provider").String(), MessageID: f.Get("message_id").String(),
		Detail: f.Get("detail").String(), Segments: int(segments), Route: clip(f.Get("route").String()), Check: o.check(f),
	}
	for e := range f.Get("part_ids").Elements() {
		if len(out.Parts) < maxParts {
			out.Parts = append(out.Parts, e.String())
		}
	}
	if phone := f.Get("check_phone").String(); phone != "" && o.Phone(phone) == phone {
		out.CheckPhone = phone // not where the operator wants numbers masked
	}
	return out
}

// check is the time of the next status check, zero when none is wanted.
func (o Options) check(f abi.Value) time.Time {
	seconds, ok := f.Get("check_s").Int()
	if !ok || seconds <= 0 {
		return time.Time{}
	}
	return o.Now().Add(min(time.Duration(min(seconds, int64(maxCheck/time.Second)))*time.Second, maxCheck))
}

func (o Options) receipt(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
	var q abi.JournalReceipt
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpJournalReceipt, err)
	}
	if q.Kind != "sms" || q.Instance == "" {
		return hostcall.Malformed(dst, abi.OpJournalReceipt, errors.New(`kind is not "sms", or the instance is missing`))
	}
	if n := q.Receipts.Len(); n > maxReceipts {
		return hostcall.Malformed(dst, abi.OpJournalReceipt, fmt.Errorf("%d receipts, at most %d at a time", n, maxReceipts))
	}
	var list []journal.Receipt
	for e := range q.Receipts.Elements() {
		r, err := o.read(q.Instance, e)
		if err != nil {
			return hostcall.Malformed(dst, abi.OpJournalReceipt, fmt.Errorf("receipt %d: %w", len(list), err))
		}
		list = append(list, r)
	}
	applied, err := o.Journal.ApplyReceipts(ctx, list)
	if err != nil {
		return hostcall.Internal(dst, abi.OpJournalReceipt, err)
	}
	var results abi.List
	for _, a := range applied {
		results.Add(abi.StringValue(string(a)))
	}
	return hostcall.OK(dst, results.Value())
}

func (o Options) read(instance string, v abi.Value) (journal.Receipt, error) {
	r := journal.Receipt{
		Module: o.Module, Instance: instance, Reference: v.Get("reference").String(), MessageID: v.Get("message_id").String(),
		Status: journal.Status(v.Get("status").String()), Detail: clip(v.Get("detail").String()),
		Check: o.check(v), Stop: v.Get("stop").Bool(), GiveUp: v.Get("give_up").Bool(),
	}
	if r.Reference == "" && r.MessageID == "" {
		return r, errors.New("has neither reference nor message_id")
	}
	if len(r.Reference) > maxDetail || len(r.MessageID) > maxDetail {
		return r, fmt.Errorf("has an id of more than %d bytes", maxDetail)
	}
	if r.Status != "" && !r.Status.Valid() {
		return r, fmt.Errorf("%.40q is no status", r.Status)
	}
	// What is no time is now: a receipt is worth more than its date.
	r.At, _ = time.Parse(time.RFC3339, v.Get("at").String())
	return r, nil
}

func (o Options) find(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
	var q abi.JournalFind
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpJournalFind, err)
	}
	if q.Kind != "sms" {
		return hostcall.Malformed(dst, abi.OpJournalFind, errors.New(`kind is not "sms"`))
	}
	var s journal.SMS
	var err error
	if q.ID != "" {
		var id uint64
		if id, err = strconv.ParseUint(q.ID, 10, 64); err != nil {
			err = journal.ErrUnknownID
		} else {
			s, err = o.Journal.FindSMS(ctx, o.Module, id)
		}
	} else {
		s, err = o.Journal.FindMessage(ctx, o.Module, q.Instance, q.MessageID)
	}
	switch {
	case errors.Is(err, journal.ErrUnknownID):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeNotFound, Source: abi.SourceCaller, Detail: err.Error()})
	case err != nil:
		return hostcall.Internal(dst, abi.OpJournalFind, err)
	}
	return hostcall.OK(dst, o.record(&s))
}

func (o Options) record(s *journal.SMS) abi.Value {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(o.Zone).Format(time.RFC3339)
	}
	return new(abi.Object).Str("id", number(s.ID)).Str("user", s.User).Str("phone", s.Phone).Str("originator", s.Originator).
		Str("project_id", s.ProjectID).Str("session_id", s.SessionID).Str("provider", s.Provider).Str("message_id", s.MessageID).
		Str("result", s.Result).Str("detail", s.Detail).Str("route", s.Route).Int("segments", int64(s.Segments)).
		Str("status", string(s.Status)).Str("status_detail", s.StatusDetail).
		Str("created_at", at(s.Time)).Str("done_at", at(s.Done)).Str("status_at", at(s.StatusAt)).Value()
}

// clip bounds a text that came from an aggregator.
func clip(s string) string {
	if len(s) <= maxDetail {
		return s
	}
	n := maxDetail
	for n > 0 && s[n]&0xc0 == 0x80 { // within a character
		n--
	}
	return s[:n]
}
