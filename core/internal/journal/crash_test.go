package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const crashDir = "PATCHBAY_TEST_JOURNAL_DIR"

// TestCrashChild is not a test of its own: TestSurvivesKill runs it in a second
// process, which appends and prints each acknowledged id until it is killed.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("runs only as the child of TestSurvivesKill")
	}
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	out := func(kind string, id uint64, user string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(os.Stdout, "ack %s %d %s\n", kind, id, user)
	}
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				user := fmt.Sprintf("%d-%d-%d", os.Getpid(), n, i)
				id, err := j.AppendRequest(context.Background(), journal.Request{User: user, Status: 200 + 300*(i%2)})
				if err != nil {
					t.Error(err)
					return
				}
				out("request", id, user)
				id, err = j.BeginSMS(context.Background(), journal.SMS{User: user, Module: "sms"})
				if err != nil {
					t.Error(err)
					return
				}
				out("sms", id, user)
				if i%2 == 0 {
					if err := j.EndSMS(context.Background(), id, journal.SMSOutcome{Result: user, Module: "sms"}); err != nil {
						t.Error(err)
						return
					}
					out("end", id, user)
				}
				if i%3 == 0 { // before or after the outcome, and without one
					r := journal.Receipt{Module: "sms", Reference: fmt.Sprint(id), Status: journal.StatusDelivered}
					if got, err := j.ApplyReceipts(context.Background(), []journal.Receipt{r}); err != nil {
						t.Error(err)
						return
					} else if got[0] == journal.Moved {
						out("status", id, user)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestSurvivesKill kills the appending process with SIGKILL, three times over
// the same directory, and looks for every acknowledged record.
func TestSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]map[uint64]string{"request": {}, "sms": {}, "end": {}, "status": {}}
	for range 3 {
		runUntilKilled(t, dir, acked)
	}
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	var ids, bad []uint64
	for r, err := range j.AllRequests(t.Context(), journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
		if r.Status >= 400 {
			bad = append(bad, r.ID)
		}
		if want, ok := acked["request"][r.ID]; ok && want != r.User {
			t.Errorf("request %d is %s, acknowledged as %s", r.ID, r.User, want)
		}
		delete(acked["request"], r.ID)
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != len(ids) {
		t.Error("ids are used twice or out of order")
	}
	for r, err := range j.AllRequests(t.Context(), journal.Query{BadOnly: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(bad) == 0 || r.ID != bad[0] {
			t.Fatalf("bad request %d is not the next of all requests", r.ID)
		}
		bad = bad[1:]
	}
	if len(bad) > 0 {
		t.Errorf("%d bad requests are missing from the query for them", len(bad))
	}
	for m, err := range j.AllSMS(t.Context(), journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := acked["sms"][m.ID]; ok && want != m.User {
			t.Errorf("sms %d is %s, acknowledged as %s", m.ID, m.User, want)
		}
		if want, ok := acked["end"][m.ID]; ok && want != m.Result {
			t.Errorf("outcome of %d is %s, acknowledged as %s", m.ID, m.Result, want)
		} else if !ok && m.Result != journal.ResultUnknown && m.Result != m.User {
			t.Errorf("sms %d without acknowledged outcome reads %s", m.ID, m.Result)
		}
		if _, ok := acked["status"][m.ID]; ok && m.Status != journal.StatusDelivered {
			t.Errorf("sms %d reads %q, acknowledged as delivered", m.ID, m.Status)
		}
		delete(acked["sms"], m.ID)
		delete(acked["status"], m.ID)
		delete(acked["end"], m.ID)
	}
	for kind, left := range acked {
		if len(left) > 0 {
			t.Errorf("%d acknowledged %s records are lost", len(left), kind)
		}
	}
	if st := j.Stats(); st.Corrupt > 0 {
		t.Errorf("%d corrupt blocks", st.Corrupt)
	}
}

// runUntilKilled starts the child, kills it after some hundred
// acknowledgements and collects all that it printed.
func runUntilKilled(t *testing.T, dir string, acked map[string]map[uint64]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "ack ")
		if !ok {
			t.Errorf("child says: %s", lines.Text())
			continue
		}
		var kind, user string
		var id uint64
		if c, err := fmt.Sscan(text, &kind, &id, &user); c != 3 {
			break // the line that the kill cut in two
		} else if err != nil {
			t.Error(err)
		}
		if have, ok := acked[kind][id]; ok {
			t.Errorf("%s id %d given to %s and to %s", kind, id, have, user)
		}
		acked[kind][id] = user
		if n++; n == 3000 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if n < 3000 || err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself after %d acknowledgements: %v", n, err)
	}
}
