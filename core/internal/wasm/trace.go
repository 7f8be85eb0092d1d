package wasm

import "time"

// Moment is a point in a task's life.
type Moment uint8

// Moments of a task.
const (
	Began Moment = iota // Message is the Request
	Asked               // an operation was performed; Message is its request
	Ended               // Message is the Reply, missing when Err says what happened
)

// Event is what a task did, for somebody who watches a plugin at work. The byte
// slices are borrowed: they are valid during the call of the watcher.
type Event struct {
	Moment    Moment
	Instance  string
	RequestID string
	Task      uint32 // tells the tasks of one instance apart while they live
	// Operation is the import that was performed, Answer what the plugin got.
	Operation       string
	Message, Answer []byte
	// Took is the time that the operation took, or the whole task.
	Took time.Duration
	// Units is the metered CPU that the task used, and Busy the time inside its
	// guest; both of an ended task.
	Units int64
	Busy  time.Duration
	Err   error
}

func (g *guest) tellBegan(t *task, request []byte) {
	t.began = clock()
	g.pool.spec.Trace(Event{Moment: Began, Instance: g.pool.spec.Instance, RequestID: t.requestID, Task: t.id, Message: request})
}

func (g *guest) tellEnded(t *task, err error) {
	event := Event{
		Moment: Ended, Instance: g.pool.spec.Instance, RequestID: t.requestID, Task: t.id,
		Took: clock() - t.began, Units: t.granted - t.fuel, Busy: t.busy, Err: err,
	}
	if err == nil {
		event.Message = t.message
	}
	g.pool.spec.Trace(event)
}

// tellAsked tells of the operation that t waits for, when it is over.
func (t *task) tellAsked(p *Pool) {
	p.spec.Trace(Event{
		Moment: Asked, Instance: p.spec.Instance, RequestID: t.requestID, Task: t.id,
		Operation: t.pending, Message: t.message, Answer: t.answer, Took: clock() - t.asked,
	})
}
