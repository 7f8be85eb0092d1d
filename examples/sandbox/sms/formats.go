package sms

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kannel answers like Kannel 1.4.5: status and text, never a message id.
func (s *Server) kannel(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	field := func(names ...string) string {
		for _, name := range names {
			if v := r.FormValue(name); v != "" {
				return v
			}
		}
		return ""
	}
	if field("username", "user") != s.options.User || field("password", "pass") != s.options.Password {
		writeText(w, http.StatusForbidden, "Authorization failed for sendsms")
		return
	}
	to := field("to")
	if to == "" {
		writeText(w, http.StatusBadRequest, "Missing receiver number, rejected")
		return
	}
	text, garbled := r.FormValue("text"), false
	if field("coding") != "2" || !strings.EqualFold(field("charset"), "UTF-8") {
		// Without coding=2 and charset=UTF-8 everything outside the 7-bit alphabet is lost.
		text, garbled = sevenBit(text)
	}
	outcome := OutcomeOf(to)
	id := s.keep(Message{Format: "kannel", To: to, From: field("from"), Text: text, Garbled: garbled, Accepted: outcome.accepts() || outcome == InnerError})
	if s.common(w, r, outcome) {
		return
	}
	switch outcome {
	case Refuse:
		writeText(w, http.StatusBadRequest, "Number(s) has/have been denied by white- and/or black-lists.")
	case InnerError:
		writeText(w, http.StatusAccepted, "3: Queued for later delivery")
	case Unavailable:
		writeText(w, http.StatusServiceUnavailable, "Temporal failure, try again later.")
	default:
		mask, _ := strconv.Atoi(field("dlr-mask", "dlrmask")) // like Kannel: what is no number is 0
		s.deliver(id, to, s.kannelReceipts(mask, field("dlr-url", "dlrurl"), id))
		writeText(w, http.StatusAccepted, "0: Accepted for delivery")
	}
}

// sevenBit replaces what Kannel cannot send in the GSM alphabet.
func sevenBit(text string) (string, bool) {
	var b strings.Builder
	lost := false
	for _, r := range text {
		if r > 0x7f {
			r, lost = '?', true
		}
		b.WriteRune(r)
	}
	return b.String(), lost
}

// smsc answers like smsc.ru: always HTTP 200, errors by number. fmt=3 asks for JSON.
func (s *Server) smsc(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	asJSON := r.FormValue("fmt") == "3"
	fail := func(code int, text string) {
		if asJSON {
			writeJSON(w, http.StatusOK, map[string]any{"error": text, "error_code": code})
			return
		}
		writeText(w, http.StatusOK, "ERROR = "+strconv.Itoa(code)+" ("+text+")")
	}
	to := r.FormValue("phones")
	switch {
	case r.FormValue("apikey") != s.options.Key && (r.FormValue("login") != s.options.User || r.FormValue("psw") != s.options.Password):
		fail(2, "authorise error")
		return
	case to == "" || r.FormValue("mes") == "":
		fail(1, "parameters error")
		return
	}
	text := r.FormValue("mes")
	// Without charset=utf-8 the text is taken for windows-1251.
	garbled := !utf8.ValidString(text)
	if !strings.EqualFold(r.FormValue("charset"), "utf-8") {
		_, lost := sevenBit(text)
		garbled = garbled || lost
	}
	outcome := OutcomeOf(to)
	id := s.keep(Message{Format: "smsc", To: to, From: r.FormValue("sender"), Text: text, Garbled: garbled, Accepted: outcome.accepts()})
	if s.common(w, r, outcome) {
		return
	}
	switch outcome {
	case Refuse:
		fail(7, "invalid number")
	case InnerError:
		fail(3, "no money")
	case Unavailable:
		writeText(w, http.StatusServiceUnavailable, "Service Unavailable")
	default:
		if asJSON {
			writeJSON(w, http.StatusOK, map[string]any{"id": json.Number(id), "cnt": 1})
			return
		}
		writeText(w, http.StatusOK, "OK - 1 SMS, ID - "+id)
	}
}

type smsruNumber struct {
	Status     string `json:"status"`
	StatusCode int    `json:"status_code"`
	StatusText string `json:"status_text,omitempty"`
	ID         string `json:"sms_id,omitempty"`
}

// smsru answers like sms.ru with json=1: HTTP 200 on two levels, the request and each number in it.
func (s *Server) smsru(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	asJSON := r.FormValue("json") == "1"
	fail := func(code int, text string) {
		if !asJSON {
			writeText(w, http.StatusOK, strconv.Itoa(code))
			return
		}
		writeJSON(w, http.StatusOK, smsruNumber{Status: "ERROR", StatusCode: code, StatusText: text})
	}
	to, text := r.FormValue("to"), r.FormValue("msg")
	switch {
	case r.FormValue("api_id") != s.options.APIID:
		fail(200, "Неправильный api_id")
		return
	case to == "":
		fail(202, "Неправильно указан номер телефона получателя, либо на него нет маршрута")
		return
	case text == "":
		fail(203, "Нет текста сообщения")
		return
	}
	numbers, order := map[string]smsruNumber{}, strings.Split(to, ",")
	for _, number := range order {
		outcome := OutcomeOf(number)
		id := s.keep(Message{Format: "smsru", To: number, From: r.FormValue("from"), Text: text, Garbled: !utf8.ValidString(text), Accepted: outcome.accepts()})
		switch outcome {
		case Accept, Undelivered, Expired, Secretive:
			numbers[number] = smsruNumber{Status: "OK", StatusCode: 100, ID: "202611-" + id}
		case InnerError:
			numbers[number] = smsruNumber{Status: "ERROR", StatusCode: 207, StatusText: "На этот номер нет маршрута для доставки сообщений"}
		case Refuse:
			fail(201, "Не хватает средств на лицевом счету")
			return
		case Unavailable:
			writeText(w, http.StatusServiceUnavailable, "Service Unavailable")
			return
		default:
			s.common(w, r, outcome)
			return
		}
	}
	if !asJSON {
		line := numbers[order[0]]
		writeText(w, http.StatusOK, strconv.Itoa(line.StatusCode)+"\n"+line.ID+"\nbalance=4122.56")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "OK", "status_code": 100, "sms": numbers, "balance": 4122.56})
}

// json is the plain one: Bearer key, one message, HTTP statuses that mean what they say,
// except that InnerError is a 200 with status "rejected".
func (s *Server) json(w http.ResponseWriter, r *http.Request) {
	if !s.knows(w, r) {
		return
	}
	var body struct{ To, From, Text, Callback, Reference string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid JSON"})
		return
	}
	if body.To == "" || body.Text == "" {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "to and text are required"})
		return
	}
	outcome := OutcomeOf(body.To)
	id := s.keep(Message{Format: "json", To: body.To, From: body.From, Text: body.Text, Accepted: outcome.accepts()})
	if s.common(w, r, outcome) {
		return
	}
	switch outcome {
	case Refuse:
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "number refused"})
	case InnerError:
		writeJSON(w, http.StatusOK, map[string]string{"id": id, "status": "rejected", "error": "no route"})
	case Unavailable:
		w.Header().Set("Retry-After", "5")
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "try again later"})
	default:
		s.deliver(id, body.To, s.jsonReceipts(body.Callback, body.Reference))
		writeJSON(w, http.StatusOK, map[string]string{"id": id, "status": "accepted"})
	}
}
