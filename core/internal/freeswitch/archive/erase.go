package archive

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Number finds the telephone number that is to be erased.
type Number interface {
	// Is reports whether a field that holds a number holds this one.
	Is(field string) bool
	// Strike takes the number out of a text and returns how often it was there.
	Strike(text string) (string, int)
}

// Erase deletes the records of calls in which a number occurs, damaged records
// included, and returns how many and the ids of the calls. With dry it only counts.
//
// # Errors
//
// ctx's error or the store's; a part is deleted then.
func (a *Archive) Erase(ctx context.Context, n Number, dry bool) (records int, uuids []string, err error) {
	for _, view := range []store.View{a.records, a.damaged} {
		var keys [][]byte
		err := view.Scan(ctx, store.Range{}, func(key, value []byte) error {
			var e Entry
			if err := e.decode(bytes.Clone(value)); err != nil {
				return nil // nobody can read it; it ends by itself
			}
			record, err := cdr.Parse(e.Raw)
			if !mentions(n, e.Raw) && (err != nil || !fields(n, record)) {
				return nil
			}
			keys = append(keys, slices.Clone(key))
			if err == nil && record.UUID != "" {
				uuids = append(uuids, record.UUID)
			}
			return nil
		})
		if err != nil {
			return records, uuids, fmt.Errorf("archive: look for a number: %w", err)
		}
		records += len(keys)
		if dry {
			continue
		}
		for _, key := range keys {
			if err := view.Delete(key); err != nil {
				return records, uuids, fmt.Errorf("archive: erase: %w", err)
			}
		}
	}
	return records, uuids, nil
}

// mentions looks into the document as it came, and as it reads when its values are
// percent-encoded.
func mentions(n Number, raw []byte) bool {
	text := string(raw)
	if _, count := n.Strike(text); count > 0 {
		return true
	}
	plain, err := url.PathUnescape(text)
	if err != nil || plain == text {
		return false
	}
	_, count := n.Strike(plain)
	return count > 0
}

// numberFields are the variables that hold a short number as a whole, which cannot be
// looked for in the text.
var numberFields = []string{
	"caller_id_number", "effective_caller_id_number", "origination_caller_id_number", "destination_number", "dialed_user", "sip_from_user", "sip_to_user", "sip_req_user",
}

func fields(n Number, r *cdr.Record) bool {
	return slices.ContainsFunc(numberFields, func(name string) bool { return n.Is(r.Variable(name)) })
}
