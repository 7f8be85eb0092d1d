package main

import (
	"net/http"
	"testing"
)

// small is one SMS and one call that went well, as everybody saw them.
func small() (attempts []*attempt, b *book, o *outside) {
	text, dialled := newSMS(goodNumber), newCall("1001", "9003")
	text.answered, text.answer = true, answer{status: http.StatusOK, requestID: "r1", body: `{"result":"OK"}`}
	dialled.answered, dialled.answer = true, answer{status: http.StatusOK, requestID: "r2", body: `{"message":"+OK u1\n"}`}
	b = newBook()
	b.rows["requests"][1] = row{ID: 1, RequestID: "r1", Status: 200.0}
	b.rows["requests"][2] = row{ID: 2, RequestID: "r2", Status: 200.0}
	b.rows["sms"][1] = row{ID: 1, RequestID: "r1", Message: text.tag, Result: resultOK}
	b.rows["calls"][1] = row{ID: 1, RequestID: "r2", Result: resultOK, UUID: "u1"}
	return []*attempt{text, dialled}, b, &outside{
		messages: map[string][]message{text.tag: {{Text: text.tag, Accepted: true}}},
		calls:    map[string][]call{dialled.tag: {{UUID: "u1"}}},
	}
}

// TestVerify damages a world in which all is well in every way that matters. A check
// that does not notice one of them proves nothing.
func TestVerify(t *testing.T) {
	for name, damage := range map[string]func(text, dialled *attempt, b *book, o *outside){
		"":                     func(_, _ *attempt, _ *book, _ *outside) {},
		"request not recorded": func(_, _ *attempt, b *book, _ *outside) { delete(b.rows["requests"], 1) },
		"request recorded twice": func(_, _ *attempt, b *book, _ *outside) {
			b.rows["requests"][3] = row{ID: 3, RequestID: "r1", Status: 200.0}
		},
		"another status recorded": func(_, _ *attempt, b *book, _ *outside) {
			b.rows["requests"][1] = row{ID: 1, RequestID: "r1", Status: 500.0}
		},
		"no request id":    func(text, _ *attempt, _ *book, _ *outside) { text.answer.requestID = "" },
		"SMS not recorded": func(_, _ *attempt, b *book, _ *outside) { delete(b.rows["sms"], 1) },
		"SMS recorded twice": func(text, _ *attempt, b *book, _ *outside) {
			b.rows["sms"][2] = row{ID: 2, RequestID: "r1", Message: text.tag, Result: resultOK}
		},
		"SMS sent twice": func(text, _ *attempt, _ *book, o *outside) {
			o.messages[text.tag] = append(o.messages[text.tag], o.messages[text.tag][0])
		},
		"SMS of a lost attempt not recorded": func(text, _ *attempt, b *book, _ *outside) { text.answered = false; delete(b.rows["sms"], 1) },
		"SMS of nobody not recorded":         func(_, _ *attempt, _ *book, o *outside) { o.messages["chaos x"] = []message{{}} },
		"SMS answered OK, not sent":          func(text, _ *attempt, _ *book, o *outside) { delete(o.messages, text.tag) },
		"SMS answered error, sent":           func(text, _ *attempt, _ *book, _ *outside) { text.answer.body = `{"result":"error"}` },
		"SMS recorded as not sent": func(text, _ *attempt, b *book, _ *outside) {
			text.answer.status = http.StatusBadGateway
			b.rows["requests"][1] = row{ID: 1, RequestID: "r1", Status: 502.0}
			b.rows["sms"][1] = row{ID: 1, RequestID: "r1", Message: text.tag, Result: "error"}
		},
		"SMS recorded as sent": func(text, _ *attempt, _ *book, o *outside) { text.answered = false; delete(o.messages, text.tag) },
		"SMS pending": func(text, _ *attempt, b *book, _ *outside) {
			b.rows["sms"][1] = row{ID: 1, RequestID: "r1", Message: text.tag, Result: "pending"}
		},
		"call dialled twice": func(_, dialled *attempt, _ *book, o *outside) {
			o.calls[dialled.tag] = append(o.calls[dialled.tag], call{UUID: "u2"})
		},
		"another call":      func(_, dialled *attempt, _ *book, o *outside) { o.calls[dialled.tag] = []call{{UUID: "u2"}} },
		"call not dialled":  func(_, dialled *attempt, _ *book, o *outside) { delete(o.calls, dialled.tag) },
		"call not recorded": func(_, _ *attempt, b *book, _ *outside) { delete(b.rows["calls"], 1) },
		"call of another uuid": func(_, _ *attempt, b *book, _ *outside) {
			b.rows["calls"][1] = row{ID: 1, RequestID: "r2", Result: resultOK, UUID: "u2"}
		},
		"call dialled, answered as not": func(_, dialled *attempt, b *book, _ *outside) {
			dialled.answer.status, dialled.answer.body = http.StatusBadGateway, `{"error":"FreeSWITCH is unavailable!"}`
			b.rows["requests"][2] = row{ID: 2, RequestID: "r2", Status: 502.0}
		},
	} {
		attempts, b, o := small()
		damage(attempts[0], attempts[1], b, o)
		seen := &trial{}
		seen.figure("compared")
		verify(seen, attempts, b, o)
		if got, want := seen.verdict(), map[bool]verdict{true: held, false: missed}[name == ""]; got != want {
			t.Errorf("%q: %s %s", name, got, seen.seen())
		}
	}
}
