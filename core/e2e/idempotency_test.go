package e2e

import (
	"sync"
	"testing"
)

// TestIdempotencyKey repeats unsafe requests.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules+kannel)
	sms := object("phone", "89190000000", "message", "один раз")
	sent := func() int { return len(w.sandbox.history(t, "sms/messages")) }

	first := w.post(t, "/sms/send", sms, "Idempotency-Key", "key 1")
	expect(t, "first", first, 200, `{"result":"OK"}`)
	again := w.post(t, "/sms/send", ` {"message":"один раз", "phone":"89190000000"} `, "Idempotency-Key", "key 1")
	expect(t, "replay, the same parameters in another order", again, 200, `{"result":"OK"}`)
	if again.requestID() == first.requestID() {
		t.Error("the replay has the first request's id")
	}
	if r := recordOf(t, w, again); r.Status != 200 {
		t.Errorf("journal of the replay: %+v", r)
	}
	expect(t, "the key with another request", w.post(t, "/sms/send", object("phone", "89190000000", "message", "другой"), "Idempotency-Key", "key 1"),
		409, `{"error":"This Idempotency-Key was used with another request!"}`)
	if n := sent(); n != 1 {
		t.Fatalf("%d messages left, want 1", n)
	}
	other := w.addUser(t, "other", "e2e-password-1", "*")
	expect(t, "the same key of another user", w.do(t, "POST", "/sms/send", sms, "Authorization", "Bearer "+other, "Idempotency-Key", "key 1"), 200, `{"result":"OK"}`)
	expect(t, "a refusal", w.post(t, "/sms/send", object("phone", "89190000001", "message", "x"), "Idempotency-Key", "key 2"), 200, `{"result":"error"}`)
	expect(t, "the refusal again", w.post(t, "/sms/send", object("phone", "89190000001", "message", "x"), "Idempotency-Key", "key 2"), 200, `{"result":"error"}`)
	lost := object("phone", "89190000005", "message", "x")
	expect(t, "an unknown outcome", w.post(t, "/sms/send", lost, "Idempotency-Key", "key 3"), 502, `{"error":"SMS provider is unavailable!","id":"<any>"}`)
	if a := w.post(t, "/sms/send", lost, "Idempotency-Key", "key 3"); a.status < 400 {
		t.Errorf("an unknown outcome again: %d %s", a.status, a.body)
	}
	if n := sent(); n != 4 {
		t.Errorf("%d messages left, want 4", n)
	}
	expect(t, "a key of control characters", w.post(t, "/sms/send", sms, "Idempotency-Key", "a\tb"), 422, `{"error":"Invalid Idempotency-Key!"}`)

	call := object("called_number", "9001", "caller_number", "1001", "sip", "1001")
	one := w.post(t, "/contact/add", call, "Idempotency-Key", "call")
	expect(t, "a call", one, 200, `{"message":"+OK <uuid>\n"}`)
	expect(t, "the same call", w.post(t, "/contact/add", call, "Idempotency-Key", "call"), 200, one.body)
	if n := len(w.sandbox.history(t, "calls")); n != 1 {
		t.Errorf("%d calls were placed, want 1", n)
	}

	// While the first is still running, a second one must not run.
	slow := object("phone", "89190000003", "message", "ещё идёт")
	answers := make(chan answer, 8)
	var clients sync.WaitGroup
	for range cap(answers) {
		clients.Go(func() {
			a, err := w.send("POST", "/sms/send", slow, "Authorization", "Bearer "+w.token, "Idempotency-Key", "slow")
			if err != nil {
				t.Error(err)
			}
			answers <- a
		})
	}
	clients.Wait()
	close(answers)
	first502, conflicts := 0, 0
	for a := range answers {
		switch a.status {
		case 409:
			conflicts++
		case 502, 504:
			first502++
		default:
			t.Errorf("in flight: %d %s", a.status, a.body)
		}
	}
	if first502 == 0 || conflicts+first502 != cap(answers) {
		t.Errorf("%d ran, %d conflicts", first502, conflicts)
	}
	if n := sent(); n != 5 {
		t.Errorf("%d messages left, want 5", n)
	}

	// The stored answer survives a restart.
	if err := w.process.stop(); err != nil {
		t.Fatal(err)
	}
	w.startGateway(w.dir, w.listen)
	expect(t, "replay after a restart", w.post(t, "/sms/send", sms, "Idempotency-Key", "key 1"), 200, `{"result":"OK"}`)
	expect(t, "the call after a restart", w.post(t, "/contact/add", call, "Idempotency-Key", "call"), 200, one.body)
	if n, calls := sent(), len(w.sandbox.history(t, "calls")); n != 5 || calls != 1 {
		t.Errorf("%d messages and %d calls after the restart", n, calls)
	}
}
