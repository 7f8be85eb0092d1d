package kvcall

import (
	"fmt"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// badRequest is a request that breaks the contract or a limit of it.
type badRequest struct {
	field, text string
	tooLarge    bool
}

func (e *badRequest) Error() string { return e.field + ": " + e.text }

// check refuses what is not well-formed before anything is read from it.
func check(request []byte) error {
	if err := abi.Check(request); err != nil {
		return &badRequest{field: "request", text: err.Error()}
	}
	return nil
}

// decodeKey reads [key]; the key borrows from request.
func decodeKey(request []byte) ([]byte, error) {
	if err := check(request); err != nil {
		return nil, err
	}
	r := abi.NewReader(request)
	key := r.StrBytes()
	if err := r.Close(); err != nil {
		return nil, &badRequest{field: "request", text: err.Error()}
	}
	return key, checkKey(len(key))
}

func checkKey(n int) error {
	switch {
	case n == 0:
		return &badRequest{field: "key", text: "it is empty"}
	case n > MaxKey:
		return &badRequest{field: "key", text: fmt.Sprintf("it has %d bytes, the limit is %d", n, MaxKey), tooLarge: true}
	}
	return nil
}

// decodePut reads an [abi.KVPut]; the value borrows from request.
func decodePut(request []byte) (q abi.KVPut, err error) {
	if err := check(request); err != nil {
		return q, err
	}
	if err := q.Decode(request); err != nil {
		return q, &badRequest{field: "request", text: err.Error()}
	}
	if err := checkKey(len(q.Key)); err != nil {
		return q, err
	}
	if n := len(q.Value); n > MaxValue {
		return q, &badRequest{field: "value", text: fmt.Sprintf("it has %d bytes, the limit is %d", n, MaxValue), tooLarge: true}
	}
	if q.TTLSeconds < 0 || q.TTLSeconds > int64(MaxTTL/time.Second) {
		return q, &badRequest{field: "ttl", text: fmt.Sprintf("%d s is not between 0 and %d", q.TTLSeconds, int64(MaxTTL/time.Second))}
	}
	return q, nil
}

// decodeList reads [prefix, limit]; the prefix borrows from request.
func decodeList(request []byte) (prefix []byte, limit int, err error) {
	if err := check(request); err != nil {
		return nil, 0, err
	}
	r := abi.NewReader(request)
	prefix, limit = r.StrBytes(), r.Int()
	if err := r.Close(); err != nil {
		return nil, 0, &badRequest{field: "request", text: err.Error()}
	}
	if len(prefix) > MaxKey {
		return nil, 0, &badRequest{field: "prefix", text: fmt.Sprintf("it has %d bytes, the limit is %d", len(prefix), MaxKey), tooLarge: true}
	}
	if limit < 0 || limit > MaxList {
		return nil, 0, &badRequest{field: "limit", text: fmt.Sprintf("%d is not between 0 and %d", limit, MaxList)}
	}
	if limit == 0 {
		limit = DefaultList
	}
	return prefix, limit, nil
}
