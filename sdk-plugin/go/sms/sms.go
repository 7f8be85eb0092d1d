// Package sms is the extension point sms.provider with types: what an SMS
// aggregator's plugin implements.
package sms

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Point is the name of the extension point.
const Point = "sms.provider"

// Provider holds the operations; those that are nil are not served, and
// plugin.json must not list them.
type Provider struct {
	// Send hands one SMS to the aggregator. An error without Sent means that it was
	// certainly not accepted: [patchbay.Refused] when another provider would refuse it,
	// too, any other when another may be tried. [patchbay.Uncertain] and errors with
	// Sent end the attempt: it may have been accepted.
	Send func(t *patchbay.Task, m Message) (Sent, error)
	// Status asks what became of an SMS.
	Status func(t *patchbay.Task, q Query) (Report, error)
	// Balance asks for the money that is left.
	Balance func(t *patchbay.Task) (Balance, error)
	// Receipt reads what the aggregator delivered to this instance's webhook. An error
	// made by [patchbay.Invalid] is answered with 400.
	Receipt func(t *patchbay.Task, w Webhook) (Receipts, error)
}

// Message is one SMS.
type Message struct {
	Phone      string // E.164: +79190000000
	Text       string
	Originator string // sender's name; empty for the provider's own
	Reference  string // the gateway's id of the SMS, unique
	Encoding   string // what the text needs: gsm7 or ucs2
	Segments   int    // how many parts that makes; 0 when unknown
	// ReceiptURL is where the aggregator delivers receipts; empty when they are off.
	ReceiptURL string
}

// Sent is what the aggregator said about an accepted SMS.
type Sent struct {
	// MessageID is the aggregator's id; empty when it gives none.
	MessageID string
	// PartIDs are further ids of a long SMS.
	PartIDs []string
}

// Query names an SMS.
type Query struct{ MessageID, Reference, Phone string }

// Status is what became of an SMS.
type Status string

// Statuses.
const (
	Accepted    Status = "accepted"
	OnTheWay    Status = "sent"
	Delivered   Status = "delivered"
	Undelivered Status = "undelivered"
	Expired     Status = "expired"
	Rejected    Status = "rejected"
	Unknown     Status = "unknown"
)

// Report is what became of an SMS.
type Report struct {
	Status Status // empty: unknown
	Detail string // the aggregator's own words
	At     string // RFC 3339, empty when it does not say
}

// Balance is the money that is left.
type Balance struct {
	Amount   string // decimal: 1234.56
	Currency string // ISO 4217: RUB
}

// Webhook is an HTTP request that came to the webhook of this instance.
type Webhook struct {
	Method      string
	Query       patchbay.Value // map of texts
	Header      patchbay.Value // map of texts, names in lower case
	ContentType string
	Body        string
	Data        patchbay.Value // the body parsed by its type, missing when it is not
}

// Receipt is the report about one SMS; MessageID or Reference names it.
type Receipt struct {
	MessageID, Reference string
	Report
}

// Receipts are what a webhook brought, and what to answer once they are stored.
type Receipts struct {
	List   []Receipt
	Answer Answer
}

// Answer is what the aggregator gets; the zero value is an empty 200.
type Answer struct {
	Status      int
	ContentType string
	Body        string
}

// Serve registers the operations. Call it in init.
func Serve(p Provider) {
	if p.Send != nil {
		patchbay.HandleOperation(Point, "send", func(t *patchbay.Task) (patchbay.Reply, error) { return send(t, p.Send) })
	}
	if p.Status != nil {
		patchbay.HandleOperation(Point, "status", func(t *patchbay.Task) (patchbay.Reply, error) { return status(t, p.Status) })
	}
	if p.Balance != nil {
		patchbay.HandleOperation(Point, "balance", func(t *patchbay.Task) (patchbay.Reply, error) { return balance(t, p.Balance) })
	}
	if p.Receipt != nil {
		patchbay.HandleOperation(Point, "receipt", func(t *patchbay.Task) (patchbay.Reply, error) { return receipt(t, p.Receipt) })
	}
}

func send(t *patchbay.Task, f func(*patchbay.Task, Message) (Sent, error)) (patchbay.Reply, error) {
	segments, _ := t.Params().Get("segments").Int()
	sent, err := f(t, Message{
		Phone: t.Param("phone"), Text: t.Param("message"), Originator: t.Param("originator"), Reference: t.Param("reference"),
		Encoding: t.Param("encoding"), Segments: int(segments), ReceiptURL: t.Param("receipt_url"),
	})
	if err != nil {
		return patchbay.Reply{}, err
	}
	var o patchbay.Object
	o.Str("message_id", sent.MessageID)
	if len(sent.PartIDs) > 0 {
		var ids patchbay.List
		for _, id := range sent.PartIDs {
			ids.Add(abi.StringValue(id))
		}
		o.Set("part_ids", ids.Value())
	}
	return patchbay.JSON(o.Value()), nil
}

func status(t *patchbay.Task, f func(*patchbay.Task, Query) (Report, error)) (patchbay.Reply, error) {
	report, err := f(t, Query{MessageID: t.Param("message_id"), Reference: t.Param("reference"), Phone: t.Param("phone")})
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(report.into(new(patchbay.Object)).Value()), nil
}

func (r Report) into(o *patchbay.Object) *patchbay.Object {
	if r.Status == "" {
		r.Status = Unknown
	}
	return o.Str("status", string(r.Status)).Str("detail", r.Detail).Str("at", r.At)
}

func balance(t *patchbay.Task, f func(*patchbay.Task) (Balance, error)) (patchbay.Reply, error) {
	left, err := f(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(new(patchbay.Object).Str("amount", left.Amount).Str("currency", left.Currency).Value()), nil
}

func receipt(t *patchbay.Task, f func(*patchbay.Task, Webhook) (Receipts, error)) (patchbay.Reply, error) {
	p := t.Params()
	got, err := f(t, Webhook{
		Method: t.Param("method"), Query: p.Get("query"), Header: p.Get("header"), ContentType: t.Param("content_type"),
		Body: t.Param("body"), Data: p.Get("data"),
	})
	if err != nil {
		return patchbay.Reply{}, err
	}
	var list patchbay.List
	for _, r := range got.List {
		if r.MessageID == "" && r.Reference == "" {
			return patchbay.Reply{}, patchbay.Invalid("receipt", "a receipt names neither the aggregator's id nor the reference")
		}
		o := new(patchbay.Object).Str("message_id", r.MessageID).Str("reference", r.Reference)
		list.Add(r.into(o).Value())
	}
	if got.Answer.Status == 0 {
		got.Answer.Status = 200
	}
	answer := new(patchbay.Object).Int("status", int64(got.Answer.Status)).Str("content_type", got.Answer.ContentType).Str("body", got.Answer.Body)
	return patchbay.JSON(new(patchbay.Object).Set("receipts", list.Value()).Set("answer", answer.Value()).Value()), nil
}
