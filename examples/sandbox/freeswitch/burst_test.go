package freeswitch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestBurstReachesWhoListens(t *testing.T) {
	s := startSwitch(t, Options{})
	listener, other := login(t, s), login(t, s)
	if f := listener.do("event plain BACKGROUND_JOB\n\n"); !strings.HasPrefix(f.header("Reply-Text"), "+OK") {
		t.Fatalf("got %+v", f)
	}
	const n = 2000
	done := make(chan error, 1)
	var got []Pressure
	go func() {
		var err error
		got, err = s.Burst(t.Context(), n)
		done <- err
	}()
	for range n {
		if f := listener.next(); !strings.Contains(f.body, "Event-Name: BACKGROUND_JOB") || !strings.HasSuffix(f.body, "1 second\n") {
			t.Fatalf("got %+v", f)
		}
	}
	if err := <-done; err != nil || len(got) != 1 || got[0].Events != n || got[0].LongestQueue < 1 || got[0].LongestWrite <= 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if f := other.do("api version\n\n"); !strings.HasPrefix(f.body, "FreeSWITCH Version") {
		t.Errorf("the one who did not listen got %+v", f)
	}
}

// A reader that does not read is what a burst must show.
func TestBurstSeesAReaderThatStopped(t *testing.T) {
	s := startSwitch(t, Options{})
	c := login(t, s)
	c.do("event plain BACKGROUND_JOB\n\n")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got, err := s.Burst(ctx, maxBurst); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBurstRefusesCounts(t *testing.T) {
	s := startSwitch(t, Options{})
	for _, n := range []int{-1, 0, maxBurst + 1} {
		if _, err := s.Burst(t.Context(), n); !errors.Is(err, errBurst) {
			t.Errorf("%d: %v", n, err)
		}
	}
}
