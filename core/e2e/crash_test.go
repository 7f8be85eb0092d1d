package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestKill kills the gateway under load, twice. Whoever got an answer finds it in
// the journal, and an SMS whose end nobody saw is reported as unknown.
func TestKill(t *testing.T) {
	t.Parallel()
	const (
		clients = 16
		enough  = 1500 // answers before the kill
		silent  = 5    // SMS that are under way at the kill
	)
	w := newWorld(t, base+node+modules+kannelPatient+statistics)
	seen := map[string]int{} // status by request id
	for round := range 2 {
		var (
			mu      sync.Mutex
			done    atomic.Int64
			running sync.WaitGroup
		)
		for n := range silent {
			running.Go(func() {
				body := object("phone", "89190000003", "message", fmt.Sprintf("round %d, %d", round, n))
				if a, err := w.send("POST", "/sms/send", body, "Authorization", "Bearer "+w.token); err == nil {
					t.Errorf("a silent aggregator was answered with %d %s", a.status, a.body)
				}
			})
		}
		eventually(t, "the SMS to be under way", func() bool {
			arrived := 0
			for _, m := range w.sandbox.history(t, "sms/messages") {
				if strings.HasPrefix(m["text"].(string), fmt.Sprintf("round %d,", round)) {
					arrived++
				}
			}
			return arrived == silent
		})
		for _, m := range journal[message](t, w, "sms") {
			if strings.HasPrefix(m.Message, fmt.Sprintf("round %d,", round)) && m.Result != "pending" {
				t.Errorf("an SMS under way reads as %q", m.Result)
			}
		}
		killed := make(chan struct{})
		for n := range clients {
			running.Go(func() {
				for i := n; ; i++ {
					method, path, body, token := mixed(w, i)
					a, err := w.send(method, path, body, "Authorization", "Bearer "+token)
					if err != nil { // the gateway is dead
						return
					}
					mu.Lock()
					seen[a.requestID()] = a.status
					mu.Unlock()
					if done.Add(1) == enough {
						close(killed)
					}
				}
			})
		}
		<-killed
		w.process.Kill()
		running.Wait()
		w.startGateway(w.dir, w.listen)
		checkJournal(t, w, seen)
	}
	unknown := 0
	for _, m := range journal[message](t, w, "sms") {
		if m.Result == "unknown" {
			unknown++
		} else if m.Result == "pending" {
			t.Errorf("an SMS is pending after the restart: %+v", m)
		}
	}
	if unknown < 2*silent {
		t.Errorf("%d SMS are unknown, want %d at least", unknown, 2*silent)
	}
	rows := 0
	for _, r := range decode[report](t, w.post(t, "/report/sms", period(t))).Data {
		if r["result"] == "unknown" {
			rows++
		}
	}
	if rows != unknown {
		t.Errorf("report/sms shows %d unknown SMS, the journal %d", rows, unknown)
	}
}

// mixed is the i-th request of the load: good, refused and unsafe ones in turn.
func mixed(w *world, i int) (method, path, body, token string) {
	switch i % 7 {
	case 0:
		return "POST", "/contact/tiers", "", w.token
	case 1:
		return "GET", "/onlinestat/all", "", w.token
	case 2:
		return "POST", "/contact/tier", `{}`, w.token
	case 3:
		return "POST", "/contact/tier", `{`, w.token
	case 4:
		return "POST", "/report/users", "", w.token
	case 5:
		return "POST", "/contact/tiers", "", "unknown"
	}
	return "POST", "/sms/send", `{"phone":"89190000000","message":"load"}`, w.token
}

// checkJournal looks for every answered request.
func checkJournal(t *testing.T, w *world, seen map[string]int) {
	t.Helper()
	recorded := map[string]int{}
	ids := map[string]bool{}
	for _, r := range journal[record](t, w, "requests") {
		recorded[r.RequestID] = r.Status
		if ids[r.ID] {
			t.Errorf("id %s is there twice", r.ID)
		}
		ids[r.ID] = true
	}
	missing := 0
	for id, status := range seen {
		switch got, ok := recorded[id]; {
		case !ok:
			missing++
		case got != status:
			t.Errorf("request %s was answered %d and recorded as %d", id, status, got)
		}
	}
	if missing > 0 || len(seen) == 0 {
		t.Errorf("%d of %d answered requests are not in the journal", missing, len(seen))
	}
}
