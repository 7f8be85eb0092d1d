package httpcall

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

const (
	// inlineBody is the largest body that is written before the answer is awaited.
	// The buffer of an unused socket holds it, so the write does not wait for the
	// other side to read.
	inlineBody = 12 << 10
	// uploadGrace is how long a whole answer waits for the end of its request,
	// before the connection is given up.
	uploadGrace = 50 * time.Millisecond
)

// upload writes a large request while the answer is awaited: a server may answer
// before it took the body, and then may never take it.
type upload struct {
	done   chan struct{}
	failed error // after done

	mu   sync.Mutex
	late bool // the answer's header is there
}

// run borrows body until done is closed.
func (u *upload) run(f *flight, pool *Pool, head *[]byte, body []byte) {
	defer close(u.done)
	_, err := f.conn.Write(*head)
	pool.recycle(head)
	if err == nil {
		_, err = f.conn.Write(body)
	}
	if err == nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if !u.late {
			f.awaitFrom(time.Now())
		}
		return
	}
	u.failed = err
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		// Nobody will answer a part of a request. After a hang-up there may be an
		// answer to read.
		f.conn.abort()
	}
}

// answered is called when the answer's header is there.
func (u *upload) answered() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.late = true
}

// end waits for the end of run and reports whether the request was written. With
// patient it gives a request that is still being written a moment; otherwise it
// closes the connection, which ends the writing.
func (u *upload) end(c *conn, patient bool) bool {
	if patient {
		grace := time.NewTimer(uploadGrace)
		defer grace.Stop()
		select {
		case <-u.done:
			return u.failed == nil
		case <-grace.C:
		}
	}
	c.abort()
	<-u.done
	return false
}
