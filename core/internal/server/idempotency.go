package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const headerIdempotencyKey = "Idempotency-Key"

// maxIdempotencyKey bounds a key, in bytes.
const maxIdempotencyKey = 200

// KeyStore keeps what an unsafe action answered, for a day.
type KeyStore interface {
	// Get returns nil when there is nothing.
	Get(key string) ([]byte, error)
	Put(key string, value []byte, ttl time.Duration) error
	Delete(key string) error
}

// Idempotency makes unsafe actions safe to repeat with one Idempotency-Key: the
// same key and parameters get the stored answer, another request under the key is
// refused, and one whose outcome nobody knows is never done again.
type Idempotency struct {
	store KeyStore
	ttl   time.Duration

	mu      sync.Mutex
	running map[string]struct{}
}

// NewIdempotency keeps answers in store for ttl.
func NewIdempotency(store KeyStore, ttl time.Duration) *Idempotency {
	return &Idempotency{store: store, ttl: ttl, running: map[string]struct{}{}}
}

// outcome is what the store keeps: an array in this order.
type outcome struct {
	hash  string // of the request
	state string // begun, reply, problem
	reply abi.Value
	fault problem.Problem
}

const (
	stateBegun   = "begun"
	stateReply   = "reply"
	stateProblem = "problem"
)

func (o *outcome) encode() []byte {
	b := abi.AppendArray(nil, 6)
	b = abi.AppendString(b, o.hash)
	b = abi.AppendString(b, o.state)
	b = abi.AppendValue(b, o.reply)
	b = abi.AppendInt(b, int64(o.fault.Status))
	b = abi.AppendString(b, o.fault.Text)
	return abi.AppendString(b, o.fault.ID)
}

func (o *outcome) decode(b []byte) error {
	r := abi.NewReader(b)
	o.hash, o.state, o.reply = r.Str(), r.Str(), r.Value()
	o.fault = problem.Problem{Status: r.Int(), Text: r.Str(), ID: r.Str(), Reason: "repeated with an Idempotency-Key"}
	return r.Close()
}

// once runs do unless the key has an outcome already. do's third result says that
// something outside may have happened although it failed.
func (i *Idempotency) once(v *visit, key string, do func() (*wasm.Result, *problem.Problem, bool)) (*wasm.Result, *problem.Problem) {
	if len(key) > maxIdempotencyKey || plain(key) != key {
		return nil, problem.Invalid(headerIdempotencyKey, fmt.Errorf("want at most %d printable characters", maxIdempotencyKey))
	}
	name := v.user.Login + "\x00" + v.route.Key + "\x00" + key
	sum := sha256.Sum256(v.params.Params)
	hash := hex.EncodeToString(sum[:])

	if !i.enter(name) {
		p := problem.Conflict("The first request with this Idempotency-Key is still running!")
		p.RetryAfter = time.Second
		return nil, p
	}
	defer i.leave(name)
	raw, err := i.store.Get(name)
	if err != nil {
		return nil, problem.Internal(fmt.Errorf("idempotency: %w", err))
	}
	if raw != nil {
		return replay(raw, hash)
	}
	// Written before anything is done: a crash in between must not lead to a
	// second SMS.
	begun := outcome{hash: hash, state: stateBegun}
	if err := i.store.Put(name, begun.encode(), i.ttl); err != nil {
		return nil, problem.Internal(fmt.Errorf("idempotency: %w", err))
	}
	result, refusal, sent := do()
	if err := i.settle(name, hash, result, refusal, sent); err != nil {
		if result != nil {
			discard(result)
		}
		return nil, problem.Internal(fmt.Errorf("idempotency: %w", err))
	}
	return result, refusal
}

// settle stores the outcome. A failure that certainly did nothing is forgotten,
// so that the caller may try again.
func (i *Idempotency) settle(name, hash string, result *wasm.Result, refusal *problem.Problem, sent bool) error {
	o := outcome{hash: hash}
	switch {
	case refusal == nil && result.Attachment == nil:
		o.state, o.reply = stateReply, result.Reply.Append(nil)
	case refusal != nil && !sent && (refusal.Status >= 500 || refusal.RetryAfter > 0 || refusal.Status == 429 || refusal.Status == 403):
		return i.store.Delete(name)
	case refusal != nil:
		o.state, o.fault = stateProblem, *refusal
	default:
		return i.store.Delete(name) // an attachment changes nothing outside
	}
	return i.store.Put(name, o.encode(), i.ttl)
}

func replay(raw []byte, hash string) (*wasm.Result, *problem.Problem) {
	var o outcome
	if err := o.decode(raw); err != nil {
		return nil, problem.Internal(fmt.Errorf("idempotency: stored outcome: %w", err))
	}
	switch {
	case o.hash != hash:
		return nil, problem.Conflict("This Idempotency-Key was used with another request!")
	case o.state == stateBegun:
		return nil, problem.Conflict("The outcome of the first request with this Idempotency-Key is unknown!")
	case o.state == stateProblem:
		return nil, &o.fault
	}
	result := &wasm.Result{}
	if err := result.Reply.Decode(o.reply); err != nil {
		return nil, problem.Internal(fmt.Errorf("idempotency: stored reply: %w", err))
	}
	return result, nil
}

func (i *Idempotency) enter(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, busy := i.running[name]; busy {
		return false
	}
	i.running[name] = struct{}{}
	return true
}

func (i *Idempotency) leave(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.running, name)
}
