package freeswitch

import (
	"context"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

func testPool(t *testing.T, size int) *pool {
	t.Helper()
	p := esltest.New(t, &esltest.Peer{})
	return newPool(size, func(ctx context.Context) (*esl.Conn, error) {
		return esl.Dial(ctx, esl.Options{Address: p.Addr(), Password: esltest.Password})
	})
}

func borrow(t *testing.T, p *pool) lease {
	t.Helper()
	l, err := p.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Only a connection in step, of this round and used lately comes back.
func TestPoolReuse(t *testing.T) {
	p := testPool(t, 2)
	first := borrow(t, p)
	p.release(first)
	if again := borrow(t, p); again.Conn != first.Conn {
		t.Error("a good connection was not used again")
	} else {
		again.Fail(esl.ErrOutOfStep)
		p.release(again)
	}
	second := borrow(t, p)
	if second.Conn == first.Conn {
		t.Error("a failed connection was used again")
	}
	p.flush() // while it is lent
	p.release(second)
	third := borrow(t, p)
	if third.Conn == second.Conn || second.Err() == nil {
		t.Error("a connection outlived the flush")
	}
	p.release(third)
	p.idle[0].since = time.Now().Add(-2 * maxIdle)
	fourth := borrow(t, p)
	if fourth.Conn == third.Conn || third.Err() == nil {
		t.Error("a connection that lay unused was used again")
	}
	p.release(fourth)
	p.flush()
	if fourth.Err() == nil {
		t.Error("flush left an idle connection open")
	}
}

func TestPoolIsBounded(t *testing.T) {
	p := testPool(t, 1)
	held := borrow(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.acquire(ctx); err == nil {
		t.Error("more connections than slots")
	}
	p.release(held)
	p.release(borrow(t, p))
	p.dial = func(context.Context) (*esl.Conn, error) { return nil, esl.ErrRejected }
	p.flush()
	for range 3 { // a failed dial gives its slot back
		if _, err := p.acquire(t.Context()); err != esl.ErrRejected {
			t.Errorf("%v", err)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures := range 100 {
		d := backoff(200*time.Millisecond, 15*time.Second, failures)
		if d < 100*time.Millisecond || d > 15*time.Second {
			t.Errorf("after %d failures: %v", failures, d)
		}
	}
}
