package main

import (
	"errors"
	"slices"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// receipts records what a provider got through its webhook. The gateway answers
// the aggregator when this has returned.
func receipts(t *patchbay.Task) (patchbay.Reply, error) {
	results, err := t.Receipts(t.Param("instance"), t.Params().Get("receipts"))
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(journalSystem, err)
	}
	counts := map[string]int64{}
	for _, r := range results {
		counts[r]++
	}
	for _, odd := range []string{"unknown", "dropped"} {
		if counts[odd] > 0 {
			t.Warn("receipts for SMS that nobody knows", "provider", t.Param("instance"), "result", odd, "count", itoa(counts[odd]))
		}
	}
	var o patchbay.Object
	for _, name := range []string{"applied", "unchanged", "kept", "unknown", "dropped"} {
		o.Int(name, counts[name])
	}
	return patchbay.JSON(o.Value()), nil
}

// statuses are those of the extension point.
var statuses = []string{"accepted", "sent", "delivered", "undelivered", "expired", "rejected", "unknown"}

var finals = []string{"delivered", "undelivered", "expired", "rejected"}

// poll asks a provider for the status of messages that no receipt tells about.
// The gateway calls it with those that are due; those that it does not come to are
// due again later.
func poll(t *patchbay.Task) (patchbay.Reply, error) {
	instance, all := t.Param("instance"), t.Params().Get("sms")
	end := clock() + int64(t.TimeoutMS()/2000) // the other half is for the call that is under way
	var list patchbay.List
	asked := 0
	for e := range all.Elements() {
		if asked > 0 && clock() >= end {
			break
		}
		asked++
		answer, more := ask(t, instance, e)
		list.Add(answer)
		if !more {
			break
		}
	}
	if asked > 0 {
		if _, err := t.Receipts(instance, list.Value()); err != nil {
			return patchbay.Reply{}, patchbay.Unavailable(journalSystem, err)
		}
	}
	var o patchbay.Object
	return patchbay.JSON(o.Int("asked", int64(asked)).Value()), nil
}

// ask returns what is to be recorded about one message; more is false when the
// provider does not answer, so that there is no use in asking for the others.
func ask(t *patchbay.Task, instance string, e patchbay.Value) (record patchbay.Value, more bool) {
	var q, o patchbay.Object
	q.Str("message_id", e.Get("message_id").String()).Str("reference", e.Get("id").String()).Str("phone", e.Get("phone").String())
	o.Str("reference", e.Get("id").String())
	answer, err := t.Call(point, "status", instance, q.Value())
	more = true
	failure, ok := errors.AsType[*patchbay.Error](err)
	switch {
	case err == nil:
		status := answer.Get("status").String()
		if !slices.Contains(statuses, status) {
			status = "unknown"
		}
		o.Str("status", status).Str("detail", answer.Get("detail").String()).Str("at", answer.Get("at").String())
		if slices.Contains(finals, status) {
			return o.Value(), true
		}
	case ok && (failure.Code == abi.CodeDenied || failure.Code == abi.CodeInvalid || failure.Code == abi.CodeRefused):
		// It cannot tell, now or later.
		t.Warn("provider cannot tell the status of an SMS; it is asked no more", "provider", instance, "id", e.Get("id").String(), "error", err.Error())
		return o.Bool("stop", true).Value(), true
	case ok && failure.Code == abi.CodeNotFound: // perhaps not yet
	default:
		t.Warn("provider does not tell the status of SMS", "provider", instance, "error", err.Error())
		more = false
	}
	age, _ := e.Get("age_s").Int()
	if age >= settings.checkFor {
		return o.Bool("give_up", true).Value(), more
	}
	return o.Int("check_s", pause(age)).Value(), more
}

// pause is how long to wait before a message of an age is asked for again: its
// age doubles, an hour at most.
func pause(age int64) int64 {
	const longest = 3600
	return min(max(age, settings.checkAfter, 1), longest)
}
