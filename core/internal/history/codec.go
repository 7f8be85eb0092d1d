package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Values are varints behind a version byte; only the buckets that are not empty
// are written. A quiet step of three modules takes some 60 bytes.
const codecVersion = 1

var errDamaged = errors.New("damaged")

func appendPoint(dst []byte, p Point) []byte {
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, uint64(p.At))
	dst = binary.AppendUvarint(dst, p.SMSAccepted)
	dst = binary.AppendUvarint(dst, p.SMSFailed)
	dst = binary.AppendUvarint(dst, uint64(len(p.Modules)))
	for i := range p.Modules {
		m := &p.Modules[i]
		dst = appendText(dst, m.Module)
		dst = binary.AppendUvarint(dst, m.Requests)
		dst = binary.AppendUvarint(dst, m.Refused)
		dst = binary.AppendUvarint(dst, m.Failed)
		used := uint64(0)
		for _, n := range m.latency {
			if n > 0 {
				used++
			}
		}
		dst = binary.AppendUvarint(dst, used)
		for b, n := range m.latency {
			if n > 0 {
				dst = binary.AppendUvarint(append(dst, byte(b)), uint64(n))
			}
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// reader takes a value apart; after a mistake everything is zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func decodePoint(value []byte) (Point, error) {
	r := &reader{rest: value}
	if v := r.byte(); v != codecVersion {
		return Point{}, fmt.Errorf("%w: version %d", errDamaged, v)
	}
	p := Point{At: int64(r.number() & (1<<62 - 1)), SMSAccepted: r.number(), SMSFailed: r.number()}
	for range r.number() {
		m := Named{Module: r.text()}
		m.Requests, m.Refused, m.Failed = r.number(), r.number(), r.number()
		for range r.number() {
			b, n := r.byte(), r.number()
			if r.bad || b >= buckets || n > math.MaxUint32 {
				return Point{}, fmt.Errorf("%w: bucket %d", errDamaged, b)
			}
			m.latency[b] = uint32(n)
		}
		if r.bad || len(p.Modules) > maxModules || len(p.Modules) > 0 && p.Modules[len(p.Modules)-1].Module >= m.Module {
			return Point{}, fmt.Errorf("%w: modules", errDamaged)
		}
		p.Modules = append(p.Modules, m)
	}
	if r.bad || len(r.rest) > 0 {
		return Point{}, errDamaged
	}
	return p, nil
}
