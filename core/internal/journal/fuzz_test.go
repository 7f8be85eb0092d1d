package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"testing"
	"time"
)

func testBlock(recs ...*Request) []byte {
	b := builder{kind: KindRequest}
	for i, r := range recs {
		b.add(r, uint64(7+i), micros(r.Time))
	}
	return b.block()
}

// FuzzBlock feeds damaged blocks to the decoder, with a checksum that fits, so
// that the damage gets past it.
func FuzzBlock(f *testing.F) {
	at := time.UnixMicro(1_700_000_000_000_000)
	f.Add(testBlock(&Request{Time: at}))
	f.Add(testBlock(
		&Request{Time: at.Add(time.Second), Module: "sms", Action: "send", RequestID: "00ff00ff", Ignored: []string{"a", "b"}},
		&Request{Time: at, Module: "sms", Status: 500, ErrorID: "b68bd54c-ddc3-4080-91ab-77c08fd4104e", Body: "{}"},
	))
	f.Add([]byte{})
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, block []byte) {
		if len(block) >= headerAt {
			block[0], block[1] = blockVersion, byte(KindRequest)
			binary.BigEndian.PutUint32(block[crcAt:], checksum(block))
		}
		h, err := parseHeader(block, blockVersion, KindRequest)
		if err != nil {
			return
		}
		rows, err := readBlock[Request](block, nil)
		if err != nil {
			if len(rows) > 0 {
				t.Fatal("rows of a damaged block were returned")
			}
			return
		}
		if uint64(len(rows)) != h.count {
			t.Fatalf("%d rows, header says %d", len(rows), h.count)
		}
		// What was read must come out the same when it is written again.
		again := builder{kind: KindRequest}
		for i := range rows {
			if us := micros(rows[i].Time); us < h.low || us > h.high {
				t.Fatalf("time %d outside %d…%d", us, h.low, h.high)
			}
			again.add(&rows[i], rows[i].ID, micros(rows[i].Time))
		}
		rows2, err := readBlock[Request](again.block(), nil)
		if err != nil || !reflect.DeepEqual(rows, rows2) {
			t.Fatalf("second round: %v\n%+v\n%+v", err, rows, rows2)
		}
	})
}

// FuzzExtract does the same for extracts.
func FuzzExtract(f *testing.F) {
	at := time.UnixMicro(1_700_000_000_000_000)
	seed := builder{kind: KindRequest}
	for i, status := range []int{200, 405, 200, 200, 500, 419} {
		r := &Request{Time: at.Add(time.Duration(-i) * time.Second), Status: status, Module: "sms", RequestID: "00ff00ff"}
		seed.add(r, uint64(7+i), micros(r.Time))
	}
	f.Add(seed.extract())
	f.Add([]byte{})
	f.Add([]byte{2, 1, 0, 0, 0, 0, 2, 2, 7, 0, 0, 3, 0, 3, 0})
	f.Fuzz(func(t *testing.T, extract []byte) {
		if len(extract) >= headerAt {
			extract[0], extract[1] = extractVersion, byte(KindRequest)
			binary.BigEndian.PutUint32(extract[crcAt:], checksum(extract))
		}
		h, err := parseHeader(extract, extractVersion, KindRequest)
		if err != nil {
			return
		}
		rows, err := readBlock[Request](extract, nil)
		if err != nil {
			if len(rows) > 0 {
				t.Fatal("rows of a damaged extract were returned")
			}
			return
		}
		if uint64(len(rows)) != h.count {
			t.Fatalf("%d rows, header says %d", len(rows), h.count)
		}
		last := h.first
		for i := range rows {
			if id := rows[i].ID; id < last || i > 0 && id == last || id >= h.first+maxBatch {
				t.Fatalf("id %d behind %d, first %d", id, last, h.first)
			}
			last = rows[i].ID
		}
	})
}

func FuzzRequestRoundTrip(f *testing.F) {
	f.Add("sms", "send", "{}", "00ff", "b68bd54c-ddc3-4080-91ab-77c08fd4104e", int64(5), 200)
	f.Add("", "\x00", "\xff", "0", "ABCDEF", int64(-1), -1)
	f.Fuzz(func(t *testing.T, a, b, body, id1, id2 string, us int64, status int) {
		const limit = int64(1) << 40
		r := Request{
			ID: 7, Time: fromMicros(uint64(us) % maxMicros), Module: a, Action: b, Error: a, Body: body, User: b,
			RequestID: id1, ErrorID: id2, Ignored: []string{a, id1, a},
			Status: max(status, 0) % 1000, Duration: time.Duration(max(us, 0)%limit) * time.Microsecond,
		}
		rows, err := readBlock[Request](testBlock(&r, &r), nil)
		if err != nil {
			t.Fatal(err)
		}
		second := r
		second.ID = 8
		if !reflect.DeepEqual(rows, []Request{r, second}) {
			t.Fatalf("got  %+v\nwant %+v", rows, r)
		}
	})
}

func FuzzOutcome(f *testing.F) {
	var e encoder
	full := smsState{
		SMSOutcome: SMSOutcome{Result: "OK", Module: "sms", MessageID: "c0ffee", Parts: []string{"1", "2"}, Segments: 2, Check: fromMicros(7)},
		Status:     StatusSent, statusOf: "1",
	}
	f.Add(append([]byte(nil), appendOutcome(&e, statusVersion, &full)...))
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= outcomeHead { // past the checksum
			binary.BigEndian.PutUint32(b[1:], crc32.Update(crc32.Checksum(b[:1], castagnoli), castagnoli, b[outcomeHead:]))
		}
		var o, o2 smsState
		if readOutcome(b, o.decode) != nil {
			return
		}
		var e encoder
		if err := readOutcome(appendOutcome(&e, statusVersion, &o), o2.decode); err != nil || !reflect.DeepEqual(o, o2) {
			t.Fatalf("%v: %+v, %+v", err, o, o2)
		}
	})
}

func FuzzCursor(f *testing.F) {
	p, err := Query{User: "u"}.plan(KindSMS)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.cursor(rowSpot{1, 2, 3}))
	f.Add("")
	f.Add("====")
	f.Fuzz(func(t *testing.T, text string) {
		spot, err := parseCursor(text, &p)
		if err != nil {
			if !errors.Is(err, ErrBadCursor) {
				t.Fatal(err)
			}
			return
		}
		if got := p.cursor(spot); got != text {
			t.Fatalf("%q reads as %+v, which is %q", text, spot, got)
		}
	})
}

func TestRoundLate(t *testing.T) {
	for _, v := range []uint64{0, 1, minLate, minLate + 1, 1 << 40, 1<<40 + 1, 1<<63 - 1} {
		if got := roundLate(v); got < v || got < minLate || got > max(2*v, minLate) {
			t.Errorf("roundLate(%d) = %d", v, got)
		}
	}
}
