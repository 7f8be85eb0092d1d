package journal

import (
	"slices"
	"time"
)

// Status is what became of an SMS after it was handed over. It only moves
// forward: accepted, sent, then one of the final ones. Nothing follows a final
// status, but that a part of a long message which failed makes a delivered one
// undelivered. Unknown tells nothing, so it never replaces anything.
type Status string

// Statuses of delivery.
const (
	StatusUnknown     Status = "unknown"
	StatusAccepted    Status = "accepted"    // the aggregator has it
	StatusSent        Status = "sent"        // on its way to the telephone
	StatusDelivered   Status = "delivered"   // final
	StatusUndelivered Status = "undelivered" // final
	StatusExpired     Status = "expired"     // final: it waited too long
	StatusRejected    Status = "rejected"    // final: somebody refused it
)

var (
	stations = []Status{StatusUnknown, StatusAccepted, StatusSent}
	finals   = []Status{StatusDelivered, StatusUndelivered, StatusExpired, StatusRejected}
)

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool { return slices.Contains(stations, s) || s.Final() }

// Final reports whether the message will not change any more.
func (s Status) Final() bool { return slices.Contains(finals, s) }

// rank orders statuses; what is not a status ranks with unknown.
func (s Status) rank() int {
	if s.Final() {
		return len(stations)
	}
	return max(slices.Index(stations, s), 0)
}

// smsState is everything that is stored about an SMS beside its intent. Result
// is empty while only receipts have told about it.
type smsState struct {
	SMSOutcome
	Status       Status
	StatusDetail string
	StatusAt     time.Time
	statusOf     string // the message id whose receipt made the status, if it named one
}

func (s *smsState) join(r *SMS) {
	r.Result, r.MessageID, r.Parts, r.Detail, r.Segments, r.Route, r.Done = s.Result, s.MessageID, s.Parts, s.Detail, s.Segments, s.Route, s.Done
	r.Status, r.StatusDetail, r.StatusAt = s.Status, s.StatusDetail, s.StatusAt
	r.Check, r.CheckPhone = s.Check, s.CheckPhone
	if s.Provider != "" {
		r.Provider = s.Provider
	}
}

// end takes an outcome over and what it says about the status.
func (s *smsState) end(o *SMSOutcome) {
	s.SMSOutcome = *o
	status := StatusUnknown
	switch o.Result {
	case ResultOK:
		status = StatusAccepted
	case ResultError:
		status = StatusRejected
		s.Check = time.Time{}
	}
	s.move(status, "", o.Done, "")
	if s.Status == "" {
		s.Status, s.StatusAt = status, o.Done
	}
	s.settle()
}

// receive takes one receipt over and reports whether the status changed.
func (s *smsState) receive(r *Receipt, now time.Time) bool {
	at := r.At
	if at.IsZero() || at.After(now) {
		at = now
	}
	changed := s.move(r.Status, r.Detail, at, r.MessageID)
	switch {
	case r.GiveUp && !s.Status.Final():
		changed = true
		if s.Status != "" && s.Status != StatusUnknown {
			s.StatusDetail = "given up; the last status was " + string(s.Status)
		}
		s.Status, s.StatusAt, s.Check = StatusUnknown, at, time.Time{}
	case r.Stop:
		s.Check = time.Time{}
	case !r.Check.IsZero() && !s.Check.IsZero():
		s.Check = r.Check
	}
	s.settle()
	return changed
}

func (s *smsState) move(to Status, detail string, at time.Time, of string) bool {
	forward := to.rank() > s.Status.rank()
	failed := s.Status == StatusDelivered && to.Final() && to != StatusDelivered && of != "" && s.statusOf != "" && of != s.statusOf
	if !forward && !failed {
		return false
	}
	s.Status, s.StatusDetail, s.StatusAt, s.statusOf = to, detail, at, of
	return true
}

// settle ends the checks of a message that will not change, and forgets the
// number that was kept for them.
func (s *smsState) settle() {
	if s.Status.Final() {
		s.Check = time.Time{}
	}
	if s.Check.IsZero() {
		s.CheckPhone = ""
	}
}
