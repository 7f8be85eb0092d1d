package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// FindSMS returns a message of a module with its outcome and status.
//
// # Errors
//
// [ErrUnknownID], also for another module's message, ctx's error, or what the
// store says.
func (j *Journal) FindSMS(ctx context.Context, module string, id uint64) (SMS, error) {
	unknown := fmt.Errorf("%w: %s %d", ErrUnknownID, KindSMS, id)
	if !j.kind[KindSMS].has(id) {
		return SMS{}, unknown
	}
	r, err := j.intent(id)
	if err != nil {
		return SMS{}, err
	}
	if r.Module != module {
		return SMS{}, unknown
	}
	rows, _, err := j.joinSMS(ctx, &plan{}, []SMS{r}, []rowSpot{{id: id}})
	if err != nil {
		return SMS{}, fmt.Errorf("journal: read sms %d: %w", id, err)
	}
	return rows[0], nil
}

// FindMessage is [Journal.FindSMS] by the id that a provider instance gave.
func (j *Journal) FindMessage(ctx context.Context, module, instance, messageID string) (SMS, error) {
	unknown := fmt.Errorf("%w: sms %q of %s", ErrUnknownID, messageID, instance)
	if messageID == "" || len(messageID) > maxMessageID {
		return SMS{}, unknown
	}
	value, err := j.view.Prefix(messageName).Get(messageKey(module, instance, messageID))
	if errors.Is(err, store.ErrNotFound) {
		return SMS{}, unknown
	}
	if err != nil {
		return SMS{}, fmt.Errorf("journal: find sms: %w", err)
	}
	id, ok := parseID(value)
	if !ok {
		return SMS{}, unknown
	}
	return j.FindSMS(ctx, module, id)
}

// DueSMS returns messages whose status is to be checked at a time, the most
// overdue first, at most limit of them. Move their check with
// [Journal.ApplyReceipts], or they are due again.
func (j *Journal) DueSMS(ctx context.Context, at time.Time, limit int) ([]SMS, error) {
	type due struct {
		key []byte
		id  uint64
	}
	var list []due
	r := store.Range{To: checkKey(at.Add(time.Microsecond), 0), Limit: limit, KeysOnly: true}
	checks := j.view.Prefix(checkName)
	err := checks.Scan(ctx, r, func(key, _ []byte) error {
		if len(key) == keySize {
			list = append(list, due{append([]byte(nil), key...), binary.BigEndian.Uint64(key[8:])})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("journal: due checks: %w", err)
	}
	var out []SMS
	for _, d := range list {
		s, err := j.owned(ctx, d.id)
		if errors.Is(err, ErrUnknownID) || err == nil && !bytes.Equal(d.key, checkKey(s.Check, d.id)) {
			// The record is gone by retention, or its check was moved meanwhile.
			if err := checks.Delete(d.key); err != nil {
				return nil, fmt.Errorf("journal: remove a check: %w", err)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// owned is FindSMS whoever owns the message.
func (j *Journal) owned(ctx context.Context, id uint64) (SMS, error) {
	if !j.kind[KindSMS].has(id) {
		return SMS{}, ErrUnknownID
	}
	r, err := j.intent(id)
	if err != nil {
		return SMS{}, err
	}
	return j.FindSMS(ctx, r.Module, id)
}

// intent reads the record of an SMS, without its outcome.
func (j *Journal) intent(id uint64) (SMS, error) {
	unknown := fmt.Errorf("%w: %s %d", ErrUnknownID, KindSMS, id)
	var key []byte
	r := store.Range{To: outcomeKey(id + 1), Reverse: true, Limit: 1}
	err := j.view.Prefix(placeName).Scan(context.Background(), r, func(first, high []byte) error {
		if len(first) == 8 && len(high) == 8 {
			key = append(append([]byte(nil), high...), first...)
		}
		return nil
	})
	if err != nil {
		return SMS{}, fmt.Errorf("journal: find %s %d: %w", KindSMS, id, err)
	}
	if key == nil {
		return SMS{}, unknown
	}
	block, err := j.kind[KindSMS].blocks.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return SMS{}, unknown
	}
	if err != nil {
		return SMS{}, fmt.Errorf("journal: find %s %d: %w", KindSMS, id, err)
	}
	h, err := parseHeader(block, blockVersion, KindSMS)
	if err == nil && id-h.first >= h.ids {
		return SMS{}, unknown // lost in a batch that could not be written
	}
	var rows []SMS
	if err == nil {
		rows, err = readBlock[SMS](block, nil)
	}
	if err != nil {
		j.damaged(KindSMS, key, err)
		return SMS{}, unknown
	}
	i, there := slices.BinarySearchFunc(rows, id, func(s SMS, id uint64) int { return cmp.Compare(s.ID, id) })
	if !there {
		return SMS{}, unknown // erased
	}
	s := rows[i]
	if s.Module == "" {
		s.Module = formerModule
	}
	return s, nil
}
