package journal

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// TestGivingUp stops the writer in the middle of a record, by its clock, and
// cancels appenders at every stage.
func TestGivingUp(t *testing.T) {
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	entered, proceed := make(chan struct{}), make(chan struct{})
	j, err := Open(t.Context(), Options{View: s.Prefix("j"), Queue: 1, Now: func() time.Time {
		entered <- struct{}{}
		<-proceed
		return time.Unix(1_700_000_000, 0)
	}})
	if err != nil {
		t.Fatal(err)
	}
	j.writer.patience = time.Millisecond
	begin := func(user string) (context.CancelFunc, <-chan error) {
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := j.AppendRequest(ctx, Request{User: user})
			result <- err
		}()
		return cancel, result
	}

	cancelTaken, taken := begin("taken")
	<-entered // the writer has it
	cancelQueued, queued := begin("queued")
	for j.Stats().Queued == 0 {
		runtime.Gosched()
	}
	cancelOutside, outside := begin("outside") // the queue is full

	cancelOutside()
	if err := <-outside; !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnconfirmed) {
		t.Errorf("before the queue: %v", err)
	}
	cancelQueued()
	if err := <-queued; !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnconfirmed) {
		t.Errorf("in the queue: %v", err)
	}
	cancelTaken()
	if err := <-taken; !errors.Is(err, context.Canceled) || !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("being written: %v", err)
	}
	proceed <- struct{}{}

	_, last := begin("last")
	<-entered
	proceed <- struct{}{}
	if err := <-last; err != nil {
		t.Fatal(err)
	}
	p, err := j.Requests(t.Context(), Query{})
	if err != nil || len(p.Rows) != 2 || p.Rows[0].User != "taken" || p.Rows[1].User != "last" {
		t.Errorf("%+v, %v", p.Rows, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTypicalSize keeps the promise of at most 150 bytes for a request, before
// the database's own compression, for blocks of twenty.
func TestTypicalSize(t *testing.T) {
	b := builder{kind: KindRequest}
	for i := range 20 {
		r := &Request{
			Module: "contact", Action: "add", Status: 200,
			Body: `{"called_number":"7919***00","caller_number":"1001","sip":"agent` + string(rune('a'+i)) + `"}`,
			User: "API-TEST", IP: "10.20.30.40", Duration: 12 * time.Millisecond,
			RequestID: "0123456789abcdef0123456789abcde" + string(rune('0'+i%10)),
		}
		b.add(r, uint64(i+1), 1_700_000_000_000_000+uint64(i)*3000)
	}
	if n := len(b.block()) / 20; n > 150 {
		t.Errorf("%d bytes per record", n)
	}
}
