// Package transcode turns JSON, XML and form text into MessagePack values and
// values into JSON, natively on the host, so that plugins need no parsers.
//
// Everything here is strict: what comes out of FromJSON, FromXML and FromForm
// passes [abi.Check], has no duplicate keys and is at most [abi.MaxDepth] deep.
// All functions append to dst and return the longer slice; on an error the
// result is nil and dst must not be used any further than its old length. src is
// not kept.
package transcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Errors of this package; the returned ones wrap them with the place.
var (
	// ErrDepth: nested deeper than allowed.
	ErrDepth = errors.New("nested too deeply")
	// ErrNumber: a number that a float64 cannot hold.
	ErrNumber = errors.New("number is out of range")
	// ErrTrailing: text follows the value.
	ErrTrailing = errors.New("text follows the value")
	// ErrValue: not a well-formed value, or one that JSON cannot express.
	ErrValue = errors.New("value cannot be written as JSON")
)

// Options of [FromJSON].
type Options struct {
	// MaxDepth bounds the nesting of arrays and objects; 0 means the most that a
	// value may have, [abi.MaxDepth].
	MaxDepth int
	// AllowDuplicates accepts an object with the same key twice; the pairs are
	// kept as they are and readers see the first.
	AllowDuplicates bool
}

type decoder struct {
	src *bytes.Buffer
	dec *jsontext.Decoder
}

// One pool for each setting, because a decoder keeps its options.
var strictPool, laxPool sync.Pool

func newDecoder(pool *sync.Pool, src []byte, duplicates bool) *decoder {
	d, ok := pool.Get().(*decoder)
	if !ok {
		d = &decoder{src: new(bytes.Buffer)}
		d.dec = jsontext.NewDecoder(d.src, jsontext.AllowDuplicateNames(duplicates))
	}
	*d.src = *bytes.NewBuffer(src) // the decoder reads a bytes.Buffer in place
	d.dec.Reset(d.src, jsontext.AllowDuplicateNames(duplicates))
	return d
}

func (d *decoder) release(pool *sync.Pool) {
	*d.src = bytes.Buffer{}
	d.dec.Reset(d.src) // let go of the caller's bytes
	pool.Put(d)
}

// FromJSON appends one JSON text as a value. Whole numbers that fit int64 or
// uint64 stay exact, other numbers become float64.
//
// # Errors
//
// Malformed JSON, invalid UTF-8, duplicate keys, text after the value, and
// [ErrDepth], [ErrNumber], with a byte offset.
func FromJSON(dst, src []byte, o Options) ([]byte, error) {
	pool := &strictPool
	if o.AllowDuplicates {
		pool = &laxPool
	}
	limit := abi.MaxDepth
	if o.MaxDepth > 0 {
		limit = min(o.MaxDepth, limit)
	}
	d := newDecoder(pool, src, o.AllowDuplicates)
	defer d.release(pool)
	dst, err := d.value(dst, limit)
	if err != nil {
		return nil, fmt.Errorf("JSON at byte %d: %w", d.dec.InputOffset(), err)
	}
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("JSON at byte %d: %w", d.dec.InputOffset(), ErrTrailing)
	}
	return dst, nil
}

func (d *decoder) value(dst []byte, depth int) ([]byte, error) {
	switch kind := d.dec.PeekKind(); kind {
	case '{', '[':
		return d.container(dst, kind, depth)
	case '"':
		raw, err := d.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return appendQuoted(dst, raw)
	case '0':
		raw, err := d.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return appendNumber(dst, raw)
	default:
		token, err := d.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if token.Kind() == 'n' {
			return abi.AppendNil(dst), nil
		}
		return abi.AppendBool(dst, token.Bool()), nil
	}
}

func (d *decoder) container(dst []byte, open jsontext.Kind, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, ErrDepth
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	head := len(dst)
	dst = append(dst, 0) // the head grows when there are many elements
	n := 0
	for k := d.dec.PeekKind(); k != '}' && k != ']'; k = d.dec.PeekKind() {
		var err error
		if open == '{' {
			raw, kerr := d.dec.ReadValue()
			if kerr != nil {
				return nil, kerr
			}
			if dst, err = appendQuoted(dst, raw); err != nil {
				return nil, err
			}
		}
		if dst, err = d.value(dst, depth-1); err != nil {
			return nil, err
		}
		n++
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	return setHead(dst, head, open == '{', n), nil
}

// setHead writes the head of an array or map of n elements into the one byte
// that was kept free for it, and makes room when it is longer.
func setHead(dst []byte, at int, isMap bool, n int) []byte {
	var room [5]byte
	head := room[:0]
	if isMap {
		head = abi.AppendMap(head, n)
	} else {
		head = abi.AppendArray(head, n)
	}
	if len(head) > 1 {
		dst = slices.Insert(dst, at+1, room[1:len(head)]...)
	}
	dst[at] = head[0]
	return dst
}

// appendQuoted appends a JSON string literal that the decoder has checked.
func appendQuoted(dst, raw []byte) ([]byte, error) {
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') < 0 {
		return abi.AppendString(dst, view(text)), nil
	}
	var room [128]byte
	plain, err := jsontext.AppendUnquote(room[:0], raw)
	if err != nil {
		return nil, err
	}
	return abi.AppendString(dst, view(plain)), nil
}

// view lends b as a string to a function that copies it at once.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// appendNumber appends a JSON number literal that the decoder has checked.
func appendNumber(dst, raw []byte) ([]byte, error) {
	if !bytes.ContainsAny(raw, ".eE") {
		if i, err := strconv.ParseInt(view(raw), 10, 64); err == nil {
			return abi.AppendInt(dst, i), nil
		}
		if u, err := strconv.ParseUint(view(raw), 10, 64); err == nil {
			return abi.AppendUint(dst, u), nil
		}
	}
	f, err := strconv.ParseFloat(view(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, ErrNumber
	}
	return abi.AppendFloat(dst, f), nil
}
