package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A log of the database: a header of 20 bytes, then entries
//
//	meta, user meta   1 byte each
//	key and value length, expiry   varints
//	key, value
//	crc32c   4 bytes big-endian, over all of them
//
// and zeros up to the length that the file was made with.
const (
	logHeader     = 20
	maxEntryBytes = 1 << 30
)

// inspectLog looks for what a start would drop: bytes behind the last good entry.
func inspectLog(path, name string) ([]Flaw, error) {
	if _, ok := logNumber(name); !ok {
		return []Flaw{{name, "has a name that no log has; a start would fail", true, nil}}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	good, left := wholeEntries(b)
	switch {
	case len(b) > 0 && len(b) < logHeader:
		return []Flaw{{name, "its header is cut off", true, nil}}, nil
	case left == 0:
		return nil, nil
	}
	flaw := Flaw{
		File:   name,
		What:   fmt.Sprintf("%d bytes behind byte %d are no entries: a write that was cut short, as after a power cut; a start drops them", left, good),
		Repair: &Fix{Keep: int64(good), Blank: true},
	}
	if goodBehind(b, good, left) {
		flaw.Lost, flaw.Repair = true, nil
		flaw.What = fmt.Sprintf("the entry at byte %d is damaged, and good ones follow within the next %d bytes; a start keeps a copy of the log and drops them", good, left)
	}
	return []Flaw{flaw}, nil
}

// goodBehind reports whether a good entry begins behind a bad one: then it is not the
// end of what was written that is missing, but something in between.
func goodBehind(b []byte, bad, left int) bool {
	const key = 2 // where its length begins
	for at := bad + 1; at < bad+min(left, searchBytes); at++ {
		// A cheap look first: few places are worth a checksum.
		if n, size := binary.Uvarint(b[min(at+key, len(b)):]); size <= 0 || n < minKeyBytes || n > maxKeyBytes {
			continue
		}
		if entryLength(b[at:]) > 0 {
			return true
		}
	}
	return false
}

const (
	// searchBytes is more than the longest entry: longer values are in the value log.
	searchBytes = 2 * valueThreshold
	minKeyBytes = 9 // one byte and a version
	maxKeyBytes = 64 << 10
)

// wholeEntries returns where the good entries end and how far behind that the last
// byte is that is not zero.
func wholeEntries(b []byte) (good, left int) {
	if len(b) < logHeader {
		return len(b), 0
	}
	good = logHeader
	for {
		n := entryLength(b[good:])
		if n == 0 {
			break
		}
		good += n
	}
	return good, len(withoutZeros(b[good:]))
}

// withoutZeros is b without the zeros at its end: of a log nearly all of it.
func withoutZeros(b []byte) []byte {
	var none [64 << 10]byte
	for len(b) > len(none) && bytes.Equal(b[len(b)-len(none):], none[:]) {
		b = b[:len(b)-len(none)]
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

// entryLength returns the length of the good entry that b begins with, else 0.
func entryLength(b []byte) int {
	at := 2
	var numbers [3]uint64
	for i := range numbers {
		if at > len(b) {
			return 0
		}
		v, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		numbers[i], at = v, at+n
	}
	key, value := numbers[0], numbers[1]
	if key == 0 || key > maxEntryBytes || value > maxEntryBytes || uint64(at)+key+value+crc32.Size > uint64(len(b)) {
		return 0
	}
	end := at + int(key+value)
	if crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return 0
	}
	return end + crc32.Size
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// copySparse copies a file and leaves holes where there are long runs of zeros: logs
// are made much longer than what is in them.
func copySparse(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buffer := make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := io.ReadFull(in, buffer)
		if n > 0 && !zeros(buffer[:n]) {
			if _, err := out.WriteAt(buffer[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return out.Truncate(at)
		}
		if err != nil {
			return err
		}
	}
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
