// Package archive keeps call detail records: those that FreeSWITCH posts and
// those that it left in its error directory. A record is kept as FreeSWITCH wrote
// it and turned into other shapes when it is read, so a damaged one is not lost.
package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// ErrNotFound means that there is no record of the call.
var ErrNotFound = errors.New("archive: no record of this call")

// Archive is safe for concurrent use.
type Archive struct {
	records store.View // uuid NUL core-uuid → entry
	damaged store.View // sha256 of the document → entry
	keep    time.Duration
	log     hclog.Logger
}

// New returns an archive on a view of its own. Records older than keep are
// dropped; 0 keeps them.
func New(view store.View, keep time.Duration, log hclog.Logger) *Archive {
	return &Archive{records: view.Prefix("records"), damaged: view.Prefix("damaged"), keep: keep, log: log}
}

// Entry is one stored record.
type Entry struct {
	Node     string
	Received time.Time
	Raw      []byte // the document as FreeSWITCH wrote it
}

func (e *Entry) encode() []byte {
	b := abi.AppendArray(make([]byte, 0, len(e.Raw)+64), 3)
	b = abi.AppendString(b, e.Node)
	b = abi.AppendInt(b, e.Received.UnixMicro())
	return abi.AppendBytes(b, e.Raw)
}

func (e *Entry) decode(b []byte) error {
	r := abi.NewReader(b)
	e.Node, e.Received, e.Raw = r.Str(), time.UnixMicro(r.Int64()).UTC(), r.Bytes()
	return r.Close()
}

// Save stores the record in a POST's body or a file. It is idempotent: FreeSWITCH
// repeats a record until it hears a 2xx. A damaged document is stored too and
// reported in the log. fresh is false for a record that was there already.
//
// # Errors
//
// cdr.ErrNotCDR and cdr.ErrTooLarge, or the store's.
func (a *Archive) Save(node string, body []byte, now time.Time) (fresh bool, err error) {
	record, err := cdr.Parse(body)
	if err != nil {
		return false, err
	}
	view, key := a.records, recordKey(record.UUID, record.CoreUUID)
	if record.UUID == "" {
		sum := sha256.Sum256(record.Raw)
		view, key = a.damaged, []byte(hex.EncodeToString(sum[:]))
	}
	if record.Malformed {
		a.log.Warn("a call record is damaged; it is kept as it came", "node", node, "uuid", record.UUID, "problem", record.Problem)
	}
	if _, err := view.Get(key); err == nil {
		return false, nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return false, fmt.Errorf("archive: %w", err)
	}
	e := Entry{Node: node, Received: now, Raw: record.Raw}
	if err := view.Put(key, e.encode(), a.keep); err != nil {
		return false, fmt.Errorf("archive: %w", err)
	}
	return true, nil
}

// recordKey is in lower case as [Archive.Find] looks for it: whoever places a call
// may choose the case of its id.
func recordKey(uuid, core string) []byte { return []byte(strings.ToLower(uuid) + "\x00" + core) }

// Find returns the record of a call, parsed. id comes from outside: anything but
// a UUID is not found. Of several records with one uuid (FreeSWITCH was restarted
// and the uuid chosen again) the last received counts.
func (a *Archive) Find(ctx context.Context, id string) (*cdr.Record, Entry, error) {
	parsed, err := uuid.Parse(id)
	if err != nil || len(id) != 36 {
		return nil, Entry{}, ErrNotFound
	}
	prefix := []byte(parsed.String() + "\x00")
	var newest Entry
	err = a.records.Scan(ctx, store.Range{From: prefix, To: append(bytes.Clone(prefix[:len(prefix)-1]), 1)}, func(_, value []byte) error {
		var e Entry
		if err := e.decode(bytes.Clone(value)); err != nil {
			return fmt.Errorf("stored record of %s: %w", parsed, err)
		}
		if e.Received.After(newest.Received) {
			newest = e
		}
		return nil
	})
	if err != nil {
		return nil, Entry{}, fmt.Errorf("archive: %w", err)
	}
	if newest.Raw == nil {
		return nil, Entry{}, ErrNotFound
	}
	record, err := cdr.Parse(newest.Raw)
	if err != nil {
		return nil, Entry{}, fmt.Errorf("archive: record of %s: %w", parsed, err)
	}
	return record, newest, nil
}
