package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// delivery is what will be told about an accepted message.
type delivery struct {
	id, status, text string
}

// deliver plays the operators: a while after it was accepted a message is sent, and
// a while later delivered, or not. tell is called for each step; nil tells nobody.
func (s *Server) deliver(id, to string, tell func(context.Context, delivery)) {
	steps := []delivery{{id, "sent", "ACK/"}, {id, "delivered", "stat:DELIVRD err:000"}}
	switch OutcomeOf(to) {
	case Undelivered:
		steps[1] = delivery{id, "undelivered", "stat:UNDELIV err:001"}
	case Expired:
		steps[1] = delivery{id, "expired", "stat:EXPIRED err:000"}
	case Secretive:
		tell = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.work.Go(func() {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		for _, step := range steps {
			select {
			case <-time.After(s.options.Delay):
			case <-s.done:
				return
			}
			s.progress(id, step.status)
			if tell != nil {
				tell(ctx, step)
			}
		}
	})
}

// progress records the status of a message.
func (s *Server) progress(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.kept) - 1; i >= 0; i-- {
		if s.kept[i].ID == id {
			s.kept[i].Delivery = status
			return
		}
	}
}

func (s *Server) find(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.kept) - 1; i >= 0; i-- {
		if s.kept[i].ID == id {
			return s.kept[i], true
		}
	}
	return Message{}, false
}

// kannelKinds are the bits of dlr-mask and the values of %d.
var kannelKinds = map[string]int{"sent": 8, "delivered": 1, "undelivered": 2, "expired": 2}

// kannelReceipts calls dlr-url as Kannel does: once, by GET, with its escapes filled
// in; a call that fails is not repeated.
func (s *Server) kannelReceipts(mask int, address, id string) func(context.Context, delivery) {
	if address == "" || mask == 0 {
		return nil
	}
	return func(ctx context.Context, d delivery) {
		kind := kannelKinds[d.status]
		if kind&mask == 0 {
			return
		}
		target := strings.NewReplacer("%%", "%", "%d", strconv.Itoa(kind), "%i", "sandbox", "%A", url.QueryEscape(d.text), "%F", id).Replace(address)
		s.call(ctx, http.MethodGet, target, nil)
	}
}

// jsonReceipts posts {"id","reference","status"} to the callback of the message,
// three times at most, until it is answered with 200.
func (s *Server) jsonReceipts(address, reference string) func(context.Context, delivery) {
	if address == "" {
		return nil
	}
	return func(ctx context.Context, d delivery) {
		body, err := json.Marshal(map[string]string{"id": d.id, "reference": reference, "status": strings.ToUpper(d.status), "text": d.text})
		if err != nil {
			return
		}
		for range 3 {
			if s.call(ctx, http.MethodPost, address, body) {
				return
			}
			select {
			case <-time.After(s.options.Delay):
			case <-s.done:
				return
			}
		}
	}
}

// call reports whether the receiver took a receipt.
func (s *Server) call(ctx context.Context, method, target string, body []byte) bool {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return false
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // only to use the connection again
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// status answers GET /api/status?id= of the plain JSON aggregator.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	if !s.knows(w, r) {
		return
	}
	m, ok := s.find(r.FormValue("id"))
	if !ok || m.Format != "json" {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "no such message"})
		return
	}
	status := m.Delivery
	if status == "" {
		status = "accepted"
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": m.ID, "status": strings.ToUpper(status)})
}

// balance answers GET /api/balance of the plain JSON aggregator.
func (s *Server) balance(w http.ResponseWriter, r *http.Request) {
	if s.knows(w, r) {
		writeJSON(w, http.StatusOK, map[string]string{"balance": "1042.50"})
	}
}

// knows checks the key of the plain JSON aggregator.
func (s *Server) knows(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") == "Bearer "+s.options.Key {
		return true
	}
	writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid key"})
	return false
}
