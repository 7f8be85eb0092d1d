// Package backupfile reads and writes the file of `patchbay backup`: a stream of
// checked frames that can be written to a pipe and is refused as a whole when a
// byte of it is wrong.
//
//	"PATCHBAY BACKUP\n", version 1 byte
//	frames: kind 1 byte, length 4 bytes big-endian, payload, crc32c 4 bytes over all of them
//
// The first frame is the header, the last one the end: the SHA-256 of everything
// before it. Between them stand entries: the frame of an entry's beginning (its
// name and mode as JSON), then its bytes in frames, then its end.
package backupfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"time"
)

const (
	magic   = "PATCHBAY BACKUP\n"
	version = 1

	// maxFrame bounds the payload of a frame.
	maxFrame = 1 << 20
	headSize = 5
	sumSize  = 4
)

// Kinds of frames.
const (
	frameHeader = 'H'
	frameEntry  = 'E'
	frameData   = 'D'
	frameClose  = 'C'
	frameEnd    = 'Z'
)

// StoreEntry is the name of the entry that holds the database. Other entries are
// files of the data folder, by their paths with slashes.
const StoreEntry = "store"

// ErrDamaged is what every fault of a file is; the text says where.
var ErrDamaged = errors.New("the backup is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says what the backup is.
type Header struct {
	Version string    `json:"version"` // of the gateway that made it
	Made    time.Time `json:"made"`
	// Key says that the key of the secrets is among the files.
	Key bool `json:"key"`
}

// Entry is one part of the backup.
type Entry struct {
	Name string `json:"name"`
	Mode uint32 `json:"mode,omitempty"` // permission bits of a file
}

// Writer writes a backup. After an error nothing more can be written.
type Writer struct {
	w    *bufio.Writer
	sum  hash.Hash
	open bool
	err  error
}

// NewWriter writes the header.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	b := &Writer{w: bufio.NewWriterSize(w, 256<<10), sum: sha256.New()}
	b.raw(append([]byte(magic), version))
	b.json(frameHeader, h)
	return b, b.err
}

// Begin opens an entry and closes the one before.
func (b *Writer) Begin(e Entry) error {
	b.close()
	b.json(frameEntry, e)
	b.open = b.err == nil
	return b.err
}

// Write writes bytes of the open entry.
func (b *Writer) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) && b.err == nil {
		part := p[n:min(n+maxFrame, len(p))]
		b.frame(frameData, part)
		n += len(part)
	}
	if b.err != nil {
		return 0, b.err
	}
	return n, nil
}

// Close ends the backup; without it the file is not one. It does not close the
// writer below.
func (b *Writer) Close() error {
	b.close()
	b.frame(frameEnd, b.sum.Sum(nil))
	if b.err == nil {
		b.err = b.w.Flush()
	}
	return b.err
}

func (b *Writer) close() {
	if b.open {
		b.frame(frameClose, nil)
	}
	b.open = false
}

func (b *Writer) json(kind byte, v any) {
	text, err := json.Marshal(v)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("backup: %w", err)
	}
	b.frame(kind, text)
}

func (b *Writer) frame(kind byte, payload []byte) {
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, payload)
	b.raw(head)
	b.raw(payload)
	b.raw(binary.BigEndian.AppendUint32(nil, sum))
}

func (b *Writer) raw(p []byte) {
	if b.err != nil {
		return
	}
	b.sum.Write(p)
	if _, err := b.w.Write(p); err != nil {
		b.err = fmt.Errorf("write the backup: %w", err)
	}
}

// Reader reads a backup in order.
type Reader struct {
	r      *bufio.Reader
	sum    hash.Hash
	at     int64 // offset of the next byte
	begun  int64 // of the last frame
	header Header
	inside bool
	rest   []byte // of the current frame
	buffer []byte
}

// NewReader reads the header.
//
// # Errors
//
// [ErrDamaged], also for a file that is something else.
func NewReader(r io.Reader) (*Reader, error) {
	b := &Reader{r: bufio.NewReaderSize(r, 256<<10), sum: sha256.New()}
	head := make([]byte, len(magic)+1)
	if err := b.raw(head); err != nil {
		return nil, err
	}
	if string(head[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it does not begin as a backup of Patchbay", ErrDamaged)
	}
	if head[len(magic)] != version {
		return nil, fmt.Errorf("%w: it is of version %d and this program reads version %d", ErrDamaged, head[len(magic)], version)
	}
	kind, payload, err := b.frame()
	if err != nil {
		return nil, err
	}
	if kind != frameHeader || json.Unmarshal(payload, &b.header) != nil {
		return nil, b.damaged("there is no header")
	}
	return b, nil
}

// Header returns what the backup says about itself.
func (b *Reader) Header() Header { return b.header }

// Next goes to the next entry and passes over what is left of the one before.
// After the last one it checks the end and returns [io.EOF].
func (b *Reader) Next() (Entry, error) {
	for b.inside {
		if _, err := b.more(); err != nil && !errors.Is(err, io.EOF) {
			return Entry{}, err
		}
	}
	sum := b.sum.Sum(nil)
	kind, payload, err := b.frame()
	if err != nil {
		return Entry{}, err
	}
	switch kind {
	case frameEntry:
		var e Entry
		if err := json.Unmarshal(payload, &e); err != nil || e.Name == "" {
			return Entry{}, b.damaged("there is no name")
		}
		b.inside, b.rest = true, nil
		return e, nil
	case frameEnd:
		if string(payload) != string(sum) {
			return Entry{}, b.damaged("the checksum of the whole does not fit")
		}
		if _, err := b.r.ReadByte(); !errors.Is(err, io.EOF) {
			return Entry{}, fmt.Errorf("%w: something follows its end at byte %d", ErrDamaged, b.at)
		}
		return Entry{}, io.EOF
	}
	return Entry{}, b.damaged(fmt.Sprintf("frame of kind %q out of place", kind))
}

// Read reads the current entry; [io.EOF] is its end.
func (b *Reader) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if !b.inside {
			return 0, io.EOF
		}
		var err error
		if b.rest, err = b.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// more returns the next bytes of the entry, [io.EOF] at its end.
func (b *Reader) more() ([]byte, error) {
	kind, payload, err := b.frame()
	switch {
	case err != nil:
		return nil, err
	case kind == frameData:
		return payload, nil
	case kind == frameClose && len(payload) == 0:
		b.inside = false
		return nil, io.EOF
	}
	return nil, b.damaged(fmt.Sprintf("frame of kind %q inside an entry", kind))
}

// frame reads one frame; its payload is valid until the next one.
func (b *Reader) frame() (byte, []byte, error) {
	b.begun = b.at
	var head [headSize]byte
	if err := b.raw(head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxFrame {
		return 0, nil, b.damaged(fmt.Sprintf("a frame of %d bytes", size))
	}
	if uint32(cap(b.buffer)) < size+sumSize {
		b.buffer = make([]byte, size+sumSize)
	}
	whole := b.buffer[:size+sumSize]
	if err := b.raw(whole); err != nil {
		return 0, nil, err
	}
	payload := whole[:size]
	if crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, payload) != binary.BigEndian.Uint32(whole[size:]) {
		return 0, nil, b.damaged("the checksum does not fit")
	}
	return head[0], payload, nil
}

func (b *Reader) raw(p []byte) error {
	n, err := io.ReadFull(b.r, p)
	b.at += int64(n)
	b.sum.Write(p[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut short at byte %d", ErrDamaged, b.at)
	}
	if err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	return nil
}

func (b *Reader) damaged(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrDamaged, what, b.begun)
}

// Verify reads a whole backup and returns what it says about itself.
func Verify(r io.Reader) (Header, error) {
	b, err := NewReader(r)
	if err != nil {
		return Header{}, err
	}
	for {
		if _, err := b.Next(); errors.Is(err, io.EOF) {
			return b.header, nil
		} else if err != nil {
			return Header{}, err
		}
	}
}
