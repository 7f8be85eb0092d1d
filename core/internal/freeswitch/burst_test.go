package freeswitch_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// TestBurstOfForeignJobs: FreeSWITCH tells everybody about everybody's jobs. Results of other
// clients, as many as the socket takes, are read to the end, and our own among them are found.
func TestBurstOfForeignJobs(t *testing.T) {
	const foreign, callers, each = 20_000, 4, 25
	p := esltest.New(t, &esltest.Peer{Exec: func(_, args string) string { return args }})
	n := quick("a", p.Addr())
	n.CommandTimeout = time.Minute
	l := startOne(t, n)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range foreign {
			p.Job(uuid.NewString(), "echo", strconv.Itoa(i))
		}
	})
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				want := fmt.Sprintf("own-%d-%d", c, i)
				if got, err := l.API(t.Context(), "a", "echo", want); got != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
		})
	}
	wg.Wait() // the peer's writes too: they block while nobody reads
	if h := l.Health()[0]; !isUp(l)() || h.Waiting != 0 {
		t.Errorf("after the burst: %+v", h)
	}
}
