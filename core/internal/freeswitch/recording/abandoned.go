package recording

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// abandonedAfter is how long an unfinished recording must have lain untouched to be one that FreeSWITCH left behind when it
// died: a running one writes every 64 KiB, which is 4 s of telephone audio.
const abandonedAfter = 15 * time.Minute

// maxHead bounds what may stand before the audio of an abandoned recording.
const maxHead = 64 << 10

// completed is an abandoned recording with the sizes that FreeSWITCH would have written at its end. The file stays as it is.
//
// # Errors
//
// ErrUnfinished when there is no audio in it; ErrNotAudio; an error of the file.
func completed(file *os.File, size int64) (io.ReadSeekCloser, error) {
	if _, err := riffSize(file, size); err != nil {
		return nil, err
	}
	at, _, err := findAudio(file, size)
	switch {
	case err != nil:
		return nil, err
	case at > maxHead:
		return nil, fmt.Errorf("%w: the audio starts beyond byte %d", ErrNotAudio, maxHead)
	case at >= size:
		return nil, fmt.Errorf("%w: it was abandoned without audio", ErrUnfinished)
	}
	head := make([]byte, at)
	if err := readAt(file, head, 0); err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(min(size-8, math.MaxUint32)))
	binary.LittleEndian.PutUint32(head[at-4:], uint32(min(size-at, math.MaxUint32)))
	return patched{io.NewSectionReader(overlay{file, head}, 0, size), file}, nil
}

// patched is a file with another beginning.
type patched struct {
	*io.SectionReader
	io.Closer
}

type overlay struct {
	file io.ReaderAt
	head []byte
}

// ReadAt implements io.ReaderAt.
func (o overlay) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(o.head)) {
		if n = copy(p, o.head[at:]); n == len(p) {
			return n, nil
		}
	}
	rest, err := o.file.ReadAt(p[n:], at+int64(n))
	return n + rest, err
}
