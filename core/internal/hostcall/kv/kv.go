// Package kvcall is the host side of the capability kv: a small store of keys
// and values for each plugin instance, inside a quota.
//
// The requests and answers are those of the operations kv_get, kv_put, kv_delete
// and kv_list in package abi:
//
//	get     [key]                → byte string; nil when the key is not there
//	put     abi.KVPut            → nil
//	delete  [key]                → nil, also when the key is not there
//	list    [prefix, limit]      → array of [key, value], in the order of the keys
package kvcall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Limits of single messages, the same for every instance.
const (
	// MaxKey bounds a key and a prefix, in bytes. Keys have at least one.
	MaxKey = 512
	// MaxValue bounds a value, in bytes.
	MaxValue = 256 << 10
	// MaxTTL bounds the life of an entry that has an end.
	MaxTTL = 10 * 365 * 24 * time.Hour
	// DefaultList and MaxList are the numbers of entries of a list without a limit
	// and the most that a limit may ask for.
	DefaultList = 100
	MaxList     = 1000

	maxListBytes = 4 << 20
)

// View is the part of the store that belongs to one instance.
type View interface {
	// Get returns a copy of the value, or an error that IsNotFound knows.
	Get(key []byte) ([]byte, error)
	// Put stores the value; a ttl of 0 keeps it. It keeps no reference to its
	// arguments.
	Put(key, value []byte, ttl time.Duration) error
	// Delete removes the key; a missing one is no error.
	Delete(key []byte) error
	// ScanPrefix calls fn for at most limit entries in the order of their keys.
	// key and value are valid during the call only. An error of fn ends the scan.
	ScanPrefix(ctx context.Context, prefix []byte, limit int, fn func(key, value []byte) error) error
}

// Quota is how much one instance may keep; zeros mean the defaults given with
// them.
type Quota struct {
	Keys  int   // 10,000
	Bytes int64 // keys and values together, 64 MiB
}

// Options of a [Client].
type Options struct {
	// Name of the instance, for the log.
	Name string
	View View
	// IsNotFound recognizes the View's error for a missing key.
	IsNotFound func(error) bool
	Quota      Quota
	Logger     hclog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Client serves the operations of one plugin instance. It is safe for concurrent
// use. Two clients of one view each count for themselves: while an old and a new
// version of a plugin run side by side, the quota may be exceeded.
type Client struct {
	name       string
	view       View
	isNotFound func(error) bool
	log        hclog.Logger
	usage      usage
}

// New returns a client. It does not touch the view.
//
// # Errors
//
// A negative quota; View, IsNotFound, Logger or Name is missing.
func New(o Options) (*Client, error) {
	if o.View == nil || o.IsNotFound == nil || o.Logger == nil || o.Name == "" {
		return nil, errors.New("kv capability: Name, View, IsNotFound and Logger are required")
	}
	if o.Quota.Keys < 0 || o.Quota.Bytes < 0 {
		return nil, errors.New("kv capability: the quota must not be negative")
	}
	c := &Client{name: o.Name, view: o.View, isNotFound: o.IsNotFound, log: o.Logger}
	c.usage.maxKeys = cmp.Or(o.Quota.Keys, 10_000)
	c.usage.maxBytes = cmp.Or(o.Quota.Bytes, 64<<20)
	c.usage.now = o.Now
	if o.Now == nil {
		c.usage.now = time.Now
	}
	return c, nil
}

// Get serves kv_get. Like the other operations it borrows request during the
// call, appends an answer ([abi.AppendAnswer]) to dst and returns it extended.
//
// # Errors
//
// NotFound: no such key. Invalid: the request; Message names the part. TooLarge: a
// limit or the quota. Timeout: ctx ended before. Internal: the store failed.
func (c *Client) Get(ctx context.Context, request, dst []byte) []byte {
	key, err := decodeKey(request)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return c.fail(dst, abi.OpKVGet, err)
	}
	value, err := c.view.Get(key)
	if err != nil {
		return c.fail(dst, abi.OpKVGet, err)
	}
	return abi.AppendAnswer(dst, nil, abi.AppendBytes(make([]byte, 0, len(value)+5), value))
}

// Put serves kv_put.
func (c *Client) Put(ctx context.Context, request, dst []byte) []byte {
	if err := c.put(ctx, request); err != nil {
		return c.fail(dst, abi.OpKVPut, err)
	}
	return abi.AppendAnswer(dst, nil, nil)
}

func (c *Client) put(ctx context.Context, request []byte) error {
	q, err := decodePut(request)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	key := []byte(q.Key)
	ttl := time.Duration(q.TTLSeconds) * time.Second
	err = c.write(key, q.Value, ttl)
	if !errors.Is(err, errQuota) {
		return err
	}
	// Nothing was counted yet, or entries whose time is over are still counted.
	if err := c.usage.recount(ctx, c.view); err != nil {
		return err
	}
	return c.write(key, q.Value, ttl)
}

// write stores the entry when the quota has room for it.
func (c *Client) write(key, value []byte, ttl time.Duration) error {
	defer c.usage.enter(key)()
	old, err := c.size(key)
	if err != nil {
		return err
	}
	change := entrySize(key, value).minus(old)
	if err := c.usage.reserve(change); err != nil {
		return err
	}
	if err := c.view.Put(key, value, ttl); err != nil {
		c.usage.release(change.grown())
		return err
	}
	// Only now: others must not use room that is not free yet.
	c.usage.release(size{}.minus(change).grown())
	return nil
}

// Delete serves kv_delete.
func (c *Client) Delete(ctx context.Context, request, dst []byte) []byte {
	key, err := decodeKey(request)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = c.remove(key)
	}
	if err != nil {
		return c.fail(dst, abi.OpKVDelete, err)
	}
	return abi.AppendAnswer(dst, nil, nil)
}

func (c *Client) remove(key []byte) error {
	defer c.usage.enter(key)()
	old, err := c.size(key)
	if err != nil {
		return err
	}
	if err := c.view.Delete(key); err != nil {
		return err
	}
	c.usage.release(old)
	return nil
}

// size returns what the entry of key counts now.
func (c *Client) size(key []byte) (size, error) {
	value, err := c.view.Get(key)
	if err == nil {
		return entrySize(key, value), nil
	}
	if c.isNotFound(err) {
		return size{}, nil
	}
	return size{}, err
}

// List serves kv_list. A list that takes more than 4 MiB is refused rather than
// cut, because the guest could not tell.
func (c *Client) List(ctx context.Context, request, dst []byte) []byte {
	prefix, limit, err := decodeList(request)
	if err != nil {
		return c.fail(dst, abi.OpKVList, err)
	}
	var list abi.List
	var row []byte
	n := 0
	overflow := false
	err = c.view.ScanPrefix(ctx, prefix, limit, func(key, value []byte) error {
		if n += len(key) + len(value); n > maxListBytes {
			overflow = true
			return errListSize
		}
		row = abi.AppendBytes(abi.AppendString(abi.AppendArray(row[:0], 2), string(key)), value)
		list.Add(row)
		return nil
	})
	switch {
	case overflow:
		return c.fail(dst, abi.OpKVList, errListSize)
	case err != nil:
		return c.fail(dst, abi.OpKVList, err)
	}
	return abi.AppendAnswer(dst, nil, list.Value())
}

var (
	errQuota    = errors.New("the quota of the instance is used up")
	errListSize = fmt.Errorf("the list has more than %d bytes; ask for fewer entries or a longer prefix", maxListBytes)
)

func (c *Client) fail(dst []byte, operation string, err error) []byte {
	f := &abi.Error{Code: abi.CodeInternal, Message: c.name, Source: abi.SourceHost, Detail: operation + ": " + err.Error()}
	bad, isBad := errors.AsType[*badRequest](err)
	switch {
	case c.isNotFound(err):
		f.Code, f.Message, f.Detail = abi.CodeNotFound, "", operation+": no such key"
	case isBad && bad.tooLarge, errors.Is(err, errQuota), errors.Is(err, errListSize):
		f.Code, f.Source = abi.CodeTooLarge, abi.SourcePlugin
	case isBad:
		f.Code, f.Message, f.Source = abi.CodeInvalid, bad.field, abi.SourcePlugin
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.Code = abi.CodeTimeout
	default:
		c.log.Error("kv operation failed", "instance", c.name, "operation", operation, "error", err)
	}
	return abi.AppendAnswer(dst, f, nil)
}
