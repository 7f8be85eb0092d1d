package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Inventory is what a journal holds of one kind.
type Inventory struct {
	Kind           Kind
	Records        uint64
	Blocks         int
	First, Last    time.Time // of records; zero without any
	Outcomes       int
	Flaws          int      // damaged values
	Examples       []string // of flaws, the first few
	lastID, height uint64
}

const maxExamples = 5

func (v *Inventory) flaw(what string, key []byte, err error) {
	if v.Flaws++; v.Flaws <= maxExamples {
		v.Examples = append(v.Examples, fmt.Sprintf("%s %x: %v", what, key, err))
	}
}

// Inspect reads a whole journal that nobody has open and decodes everything in it.
// Damage is counted and no error.
func Inspect(ctx context.Context, view store.View) ([]Inventory, error) {
	var out []Inventory
	for k := KindRequest; k < kinds; k++ {
		v := Inventory{Kind: k}
		var err error
		switch k {
		case KindRequest:
			err = inspect[Request](ctx, view, &v)
		case KindSMS:
			err = inspect[SMS](ctx, view, &v)
		case KindCall:
			err = inspect[Call](ctx, view, &v)
		case KindAudit:
			err = inspect[Audit](ctx, view, &v)
		}
		if err != nil {
			return out, fmt.Errorf("journal: inspect %s records: %w", k, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func inspect[T any, P row[T]](ctx context.Context, view store.View, v *Inventory) error {
	k := v.Kind
	var rows []T
	err := view.Prefix(blockName(k)).Scan(ctx, store.Range{}, func(key, value []byte) error {
		h, err := inspectKeyed(key, value, blockVersion, k)
		if err == nil {
			rows, err = readBlock[T, P](value, rows[:0])
		}
		if err == nil && h.first <= v.lastID {
			err = fmt.Errorf("ids from %d on, but %d was used before", h.first, v.lastID)
		}
		if err != nil {
			v.flaw("block", key, err)
			return nil
		}
		v.Blocks++
		v.Records += h.count
		v.lastID = h.first + h.ids - 1
		if v.First.IsZero() || fromMicros(h.low).Before(v.First) {
			v.First = fromMicros(h.low)
		}
		v.Last = fromMicros(max(v.height, h.high))
		v.height = max(v.height, h.high)
		return nil
	})
	if err != nil {
		return err
	}
	err = view.Prefix(extractName(k)).Scan(ctx, store.Range{}, func(key, value []byte) error {
		_, err := inspectKeyed(key, value, extractVersion, k)
		if err == nil {
			rows, err = readBlock[T, P](value, rows[:0])
		}
		if err != nil {
			v.flaw("extract", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = view.Prefix(digestName(k)).Scan(ctx, store.Range{}, func(key, value []byte) error {
		if _, err := parseDigest(value, k); err != nil {
			v.flaw("digest", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for part := range uint64(sieveParts) {
		err = view.Prefix(sieveName(k)).Prefix(partName(part)).Scan(ctx, store.Range{}, func(key, value []byte) error {
			if _, err := parseSieve(value); err != nil {
				v.flaw("sieve", key, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := inspectState(view, v); err != nil {
		return err
	}
	return inspectOutcomes(ctx, view, v)
}

func inspectKeyed(key, value []byte, version byte, k Kind) (header, error) {
	_, first, err := parseBlockKey(key)
	if err != nil {
		return header{}, err
	}
	h, err := parseHeader(value, version, k)
	if err == nil && h.first != first {
		err = fmt.Errorf("first id %d, its key says %d", h.first, first)
	}
	return h, err
}

func inspectState(view store.View, v *Inventory) error {
	b, err := view.Prefix(metaName).Get([]byte{byte(v.Kind)})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := parseMeta(b); err != nil {
		v.flaw("state", nil, err)
	}
	return nil
}

func inspectOutcomes(ctx context.Context, view store.View, v *Inventory) error {
	return view.Prefix(outcomeName(v.Kind)).Scan(ctx, store.Range{}, func(key, value []byte) error {
		var sms smsState
		var call CallOutcome
		decode := sms.decode
		if v.Kind == KindCall {
			decode = call.decode
		}
		err := readOutcome(value, decode)
		if len(key) != 8 {
			err = errors.Join(err, fmt.Errorf("key of %d bytes", len(key)))
		} else if id := binary.BigEndian.Uint64(key); err == nil && id > v.lastID && v.Flaws == 0 {
			err = fmt.Errorf("outcome of %d, the last record is %d", id, v.lastID)
		}
		if err != nil {
			v.flaw("outcome", key, err)
			return nil
		}
		v.Outcomes++
		return nil
	})
}
