package descriptors_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

func nothing() {}

func TestBudget(t *testing.T) {
	b := descriptors.New(2)
	if b.Size() != 2 || !b.Take() || !b.Take() || b.Take() {
		t.Fatal("two of two are to be had, and no third")
	}
	if b.Short() {
		t.Error("nobody waits")
	}
	b.Give()
	if err := b.Wait(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("gave up"))
	if err := b.Wait(ended, nothing); err == nil || err.Error() != "gave up" {
		t.Errorf("waiting without hope: %v", err)
	}
	b.Give()
	if !b.Take() {
		t.Error("who gave up has taken one along")
	}
}

// TestInLine: what others give back because of it goes to who waits.
func TestInLine(t *testing.T) {
	b := descriptors.New(1)
	b.Take()
	if err := b.Wait(t.Context(), b.Give); err != nil || b.Take() {
		t.Error(err)
	}
}

func TestNoEnd(t *testing.T) {
	var b *descriptors.Budget
	for range 10 {
		if !b.Take() || b.Wait(t.Context(), nothing) != nil || b.Short() || b.Size() != 0 {
			t.Fatal("a budget without an end has one")
		}
	}
	b.Give()
}

func TestProcess(t *testing.T) {
	if b := descriptors.Process(); b != nil && b.Size() < 1 {
		t.Errorf("%d descriptors", b.Size())
	}
}

// TestFirstComeFirstServed: who waits has its turn before others take anything.
func TestFirstComeFirstServed(t *testing.T) {
	b := descriptors.New(1)
	b.Take()
	served := make(chan int, 2)
	for i := range 2 {
		go func() {
			if b.Wait(t.Context(), nothing) == nil {
				served <- i
			}
		}()
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if descriptors.Waiting(b) == i+1 {
				break
			}
			if time.Now().After(end) {
				t.Fatal("nobody waits")
			}
		}
	}
	for i := range 2 {
		b.Give()
		if got := <-served; got != i {
			t.Errorf("%d was served as number %d", got, i)
		}
		if b.Take() {
			t.Error("taken past those who wait")
		}
	}
}

// TestHammer: never more than there are, none is lost, whoever gives up.
func TestHammer(t *testing.T) {
	const size = 7
	b := descriptors.New(size)
	var out atomic.Int64
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 500 {
				if (i+j)%3 == 0 {
					if !b.Take() {
						continue
					}
				} else {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(j%50)*time.Microsecond)
					err := b.Wait(ctx, nothing)
					cancel()
					if err != nil {
						continue
					}
				}
				if n := out.Add(1); n > size {
					t.Errorf("%d of %d are out", n, size)
				}
				if j%7 == 0 {
					time.Sleep(time.Microsecond)
				}
				out.Add(-1)
				b.Give()
			}
		})
	}
	wg.Wait()
	for range size {
		if !b.Take() {
			t.Fatal("one is lost")
		}
	}
	if b.Take() || b.Short() {
		t.Error("one too many")
	}
}
