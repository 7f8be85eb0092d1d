package freeswitch

import "sync"

// jobResult is the output of one background job, or the reason why it will never come.
type jobResult struct {
	body []byte
	err  error
}

// jobTable hands results to those who wait for them by job id. It is open while results can arrive.
type jobTable struct {
	mu      sync.Mutex
	waiting map[string]chan jobResult // nil while closed
	reason  error
}

// add registers a job before it is sent. The channel gets exactly one result unless remove comes first.
func (t *jobTable) add(id string) (<-chan jobResult, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		return nil, t.reason
	}
	done := make(chan jobResult, 1)
	t.waiting[id] = done
	return done, nil
}

func (t *jobTable) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, id)
}

// finish delivers a result. One that nobody waits for is dropped: it came twice or too late, or belongs to another client.
func (t *jobTable) finish(id string, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done, ok := t.waiting[id]; ok {
		delete(t.waiting, id)
		done <- jobResult{body: body}
	}
}

func (t *jobTable) open() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = map[string]chan jobResult{}
}

// close fails every job that is still waiting.
func (t *jobTable) close(reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, done := range t.waiting {
		done <- jobResult{err: reason}
	}
	t.waiting, t.reason = nil, reason
}

func (t *jobTable) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}
