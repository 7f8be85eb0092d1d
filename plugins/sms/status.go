package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// status answers what became of an SMS. Another user's SMS is as unknown as one
// that never was.
func status(t *patchbay.Task) (patchbay.Reply, error) {
	record, err := find(t)
	e, ok := errors.AsType[*patchbay.Error](err)
	switch {
	case ok && (e.Code == abi.CodeNotFound || e.Code == abi.CodeEmpty):
		if e.Code == abi.CodeNotFound {
			e = patchbay.NotFound("Wrong ID!")
		}
		return patchbay.Reply{}, e
	case err != nil:
		return patchbay.Reply{}, patchbay.Unavailable(journalSystem, err)
	case record.Get("user").String() != t.User():
		return patchbay.Reply{}, patchbay.NotFound("Wrong ID!")
	}
	segments, _ := record.Get("segments").Int()
	text := func(name string) string { return record.Get(name).String() }
	var o patchbay.Object
	o.Str("id", text("id")).Str("result", text("result")).Str("status", or(text("status"), "unknown")).Str("detail", text("status_detail")).
		Str("status_at", moment(text("status_at"))).Str("date_time", moment(text("created_at"))).Str("provider", text("provider")).
		Str("message_id", text("message_id")).Int("segments", segments)
	return patchbay.JSON(o.Value()), nil
}

func find(t *patchbay.Task) (patchbay.Value, error) {
	if id := t.Param("id"); id != "" {
		return t.FindSMS(id)
	}
	for _, name := range []string{"message_id", "provider"} {
		if t.Param(name) != "" {
			continue
		}
		if name == "message_id" {
			name = "id" // neither of the two was given
		}
		return nil, &patchbay.Error{Code: abi.CodeEmpty, Message: name, Source: abi.SourceCaller}
	}
	return t.FindMessage(t.Param("provider"), t.Param("message_id"))
}

// moment writes a time of RFC 3339 in the form of the reports.
func moment(at string) string {
	const day, second = len("2006-01-02"), len("2006-01-02T15:04:05")
	if len(at) < second {
		return ""
	}
	return at[:day] + " " + at[day+1:second]
}
