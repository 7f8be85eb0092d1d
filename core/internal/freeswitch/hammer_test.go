package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// TestHammer runs 16 callers of up to 500 commands against peers with one kind of fault each. The result must be the token of the
// command or an error; a wrong token is a wrong answer, and the test's own deadline catches a hang.
func TestHammer(t *testing.T) {
	const callers = 16
	for _, tc := range []struct {
		mode  string
		every int64 // one command in so many is answered wrongly
		each  int   // commands of one caller
	}{
		{"in order", 1, 500}, {"late", 250, 500}, {"twice", 5, 500}, {"no acknowledgement", 250, 500}, {"drop event", 200, 500},
		{"no result", 100, 150}, {"swapped", 20, 150}, {"drop command", 50, 150},
	} {
		each := int64(tc.each)
		t.Run(tc.mode, func(t *testing.T) {
			t.Parallel()
			var p *esltest.Peer
			var count, last atomic.Int64
			var lastID atomic.Value
			lastID.Store("none")
			p = esltest.New(t, &esltest.Peer{
				Exec: func(_, args string) string { return args },
				Handle: func(r esltest.Request) {
					verb, token := r.Verb()
					id := r.Header["Job-UUID"]
					if verb != "echo" || count.Add(1)%tc.every != 0 {
						p.Answer(r)
						lastID.Store(id)
						return
					}
					last.Add(1)
					switch tc.mode {
					case "in order":
						p.Answer(r)
					case "late":
						time.Sleep(300 * time.Millisecond)
						p.Answer(r)
					case "twice":
						p.Answer(r)
						p.Answer(r)
					case "no acknowledgement":
					case "no result":
						r.S.Ack(id)
					case "swapped": // acknowledges and finishes another job with this one's token
						other := lastID.Load().(string)
						r.S.Ack(other)
						p.Job(other, verb, token)
					case "drop command":
						r.S.Send(esltest.ReplyFrame("+OK Job-UUID: " + id)[:40])
						r.S.Drop()
					case "drop event":
						r.S.Ack(id)
						p.Broadcast("BACKGROUND_JOB", "Job-UUID: "+id+"\nContent-Length: 100000\n", "")
						p.DropAll()
					}
				},
			})
			n := quick("a", p.Addr())
			if tc.mode != "in order" && tc.mode != "twice" {
				n.CommandTimeout = 200 * time.Millisecond
			}
			l := startOne(t, n)
			var right, failed atomic.Int64
			var wg sync.WaitGroup
			for i := range callers {
				wg.Go(func() {
					for j := range each {
						token := fmt.Sprintf("token-%d-%d", i, j)
						var got string
						err := freeswitch.ErrNodeDown
						for tries := 0; tries < 2000 && errors.Is(err, freeswitch.ErrNodeDown); tries++ {
							if got, err = l.API(t.Context(), "a", "echo", token); errors.Is(err, freeswitch.ErrNodeDown) {
								time.Sleep(time.Millisecond)
							}
						}
						switch {
						case err == nil && got == token:
							right.Add(1)
						case err == nil:
							t.Errorf("wrong answer: sent %s, got %q", token, got)
						case !errors.Is(err, freeswitch.ErrUnknownOutcome) && !errors.Is(err, freeswitch.ErrNodeDown):
							t.Errorf("unexpected error: %v", err)
						default:
							failed.Add(1)
						}
					}
				})
			}
			wg.Wait()
			t.Logf("%d right, %d failed, %d faults, %d connections", right.Load(), failed.Load(), last.Load(), p.Accepted())
			switch {
			case tc.mode == "in order" && right.Load() != callers*each:
				t.Errorf("only %d of %d answered by a peer without faults", right.Load(), callers*each)
			case right.Load() < callers*each/2:
				t.Errorf("only %d of %d answered", right.Load(), callers*each)
			case tc.mode != "in order" && last.Load() == 0:
				t.Error("the peer never misbehaved")
			}
			for _, h := range l.Health() {
				if h.Waiting != 0 {
					t.Errorf("%d jobs are left in the table", h.Waiting)
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := l.Close(ctx); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}
