package journal

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Written by the version of the journal that knew no delivery status: a block
// with the intents 1 and 2, and the outcome of the first.
const (
	formerBlock = "0102f019cfb30200018080f9c0c1c4820305001638393139303030303030301246524f4e544c494e4520d09fd180d0bed0b2d0b5d180d0bad0b0" +
		"083131313100144150495f746573745f322100ff00ff00ff00ff0c6b616e6e656c05163839313930303030303031030c7365636f6e64000009000b"
	formerOutcome = "0155920ef5044f4b0c6261636b75700dc0ffee026402c084b6c1c1c48203"
)

// TestFormerRecords: what an older version wrote is read, found by id, and takes
// receipts.
func TestFormerRecords(t *testing.T) {
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	view := s.Prefix("journal")
	at := time.UnixMicro(1_700_000_000_000_000)
	put := func(name string, key []byte, text string) {
		t.Helper()
		value, err := hex.DecodeString(text)
		if err == nil {
			err = view.Prefix(name).Put(key, value, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(blockName(KindSMS), blockKey(micros(at)+5, 1), formerBlock)
	put(outcomeName(KindSMS), outcomeKey(1), formerOutcome)
	for range 2 { // the second time the index of places is there
		j, err := Open(t.Context(), Options{View: view})
		if err != nil {
			t.Fatal(err)
		}
		page, err := j.SMS(t.Context(), Query{})
		if err != nil || len(page.Rows) != 2 || page.Skipped != 0 {
			t.Fatalf("%+v, %v", page, err)
		}
		first, second := page.Rows[0], page.Rows[1]
		if first.Message != "Проверка" || first.Provider != "backup" || first.MessageID != "c0ffee" || first.Result != ResultOK || first.Segments != 2 ||
			!first.Done.Equal(at.Add(time.Second)) || second.Result != ResultUnknown || second.Provider != "kannel" {
			t.Errorf("rows %+v", page.Rows)
		}
		if found, err := j.FindSMS(t.Context(), "sms", 2); err != nil || found.Message != "second" {
			t.Errorf("found %+v, %v", found, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	j, err := Open(t.Context(), Options{View: view})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	got, err := j.ApplyReceipts(t.Context(), []Receipt{
		{Module: "sms", Instance: "backup", Reference: "1", Status: StatusDelivered},
		{Module: "sms", Instance: "kannel", Reference: "2", Status: StatusExpired},
	})
	if err != nil || got[0] != Moved || got[1] != Moved {
		t.Fatalf("%v, %v", got, err)
	}
	first, err := j.FindSMS(t.Context(), "sms", 1)
	if err != nil || first.Status != StatusDelivered || first.Result != ResultOK || first.MessageID != "c0ffee" {
		t.Errorf("%+v, %v", first, err)
	}
}

// FuzzSMSBlock feeds damaged blocks of both versions to the decoder, with a
// checksum that fits.
func FuzzSMSBlock(f *testing.F) {
	old, err := hex.DecodeString(formerBlock)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(old, false)
	b := builder{kind: KindSMS}
	b.add(&SMS{Phone: "1", Module: "sms"}, 7, 1)
	f.Add(append([]byte(nil), b.block()...), true)
	f.Fuzz(func(t *testing.T, block []byte, owned bool) {
		if len(block) >= headerAt {
			block[0], block[1] = blockVersion, byte(KindSMS)
			if owned {
				block[0] = ownedVersion
			}
			sum := checksum(block)
			block[crcAt], block[crcAt+1], block[crcAt+2], block[crcAt+3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
		}
		h, err := parseHeader(block, blockVersion, KindSMS)
		if err != nil {
			return
		}
		rows, err := readBlock[SMS](block, nil)
		if err == nil && uint64(len(rows)) != h.count || err != nil && len(rows) > 0 {
			t.Fatalf("%d rows, header says %d, %v", len(rows), h.count, err)
		}
	})
}

// FuzzStatus: whatever comes in whatever order, a status never moves back, a
// final one never becomes an open one, and unknown replaces nothing.
func FuzzStatus(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6})
	f.Add([]byte{3, 0x14, 6, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		all := append(append([]Status{}, stations...), finals...)
		now := time.UnixMicro(1_700_000_000_000_000)
		var s smsState
		s.end(&SMSOutcome{Result: ResultOK, Done: now, Check: now})
		for _, b := range steps {
			before := s
			to, part := all[int(b&0xf)%len(all)], string('a'+rune(b>>4))
			changed := s.receive(&Receipt{Status: to, MessageID: part}, now)
			switch {
			case !changed && s.Status != before.Status:
				t.Fatalf("%s became %s unseen", before.Status, s.Status)
			case s.Status.rank() < before.Status.rank():
				t.Fatalf("%s moved back to %s", before.Status, s.Status)
			case before.Status.Final() && before.Status != StatusDelivered && s.Status != before.Status:
				t.Fatalf("%s was final and became %s", before.Status, s.Status)
			case before.Status == StatusDelivered && s.Status != before.Status && part == before.statusOf:
				t.Fatalf("the same part was delivered and then %s", s.Status)
			case changed && to == StatusUnknown:
				t.Fatalf("unknown replaced %s", before.Status)
			case s.Status.Final() != s.Check.IsZero():
				t.Fatalf("%s with a check at %s", s.Status, s.Check)
			}
		}
	})
}
