package recording

import (
	"encoding/binary"
	"fmt"
	"io"
)

// riffHead is the length of "RIFF", a size and "WAVE".
const riffHead = 12

// maxChunks bounds how many chunks may stand before the audio.
const maxChunks = 64

// checkWAV decides whether a file of the given size is complete.
//
// # Errors
//
// ErrUnfinished when the file is empty, a size is still zero or promises more than there is; ErrNotAudio; an error of r.
func checkWAV(r io.ReaderAt, size int64) error {
	riff, err := riffSize(r, size)
	if err != nil {
		return err
	}
	if riff == 0 || riff+8 > size {
		return fmt.Errorf("%w: %d of %d bytes are there", ErrUnfinished, size, riff+8)
	}
	at, n, err := findAudio(r, size)
	if err != nil {
		return err
	}
	if n == 0 || at+n > size {
		return fmt.Errorf("%w: %d of %d bytes of audio are there", ErrUnfinished, size-at, n)
	}
	return nil
}

// riffSize reads the head of the file and returns the size in it, which does not count its first 8 bytes.
func riffSize(r io.ReaderAt, size int64) (int64, error) {
	var head [riffHead]byte
	if size < riffHead {
		return 0, fmt.Errorf("%w: %d bytes so far", ErrUnfinished, size)
	}
	if err := readAt(r, head[:], 0); err != nil {
		return 0, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return 0, ErrNotAudio
	}
	return int64(binary.LittleEndian.Uint32(head[4:])), nil
}

// findAudio returns where the audio starts and how long its chunk says it is. It need not start at byte 44: with RECORD_TITLE
// and its like FreeSWITCH writes a LIST chunk first.
func findAudio(r io.ReaderAt, size int64) (at, n int64, err error) {
	at = riffHead
	for range maxChunks {
		var chunk [8]byte
		if at+int64(len(chunk)) > size {
			return 0, 0, fmt.Errorf("%w: no audio yet", ErrUnfinished)
		}
		if err := readAt(r, chunk[:], at); err != nil {
			return 0, 0, err
		}
		n = int64(binary.LittleEndian.Uint32(chunk[4:]))
		at += int64(len(chunk))
		if string(chunk[:4]) == "data" {
			return at, n, nil
		}
		at += n + n%2 // chunks are padded to an even length
	}
	return 0, 0, fmt.Errorf("%w: over %d chunks before the audio", ErrNotAudio, maxChunks)
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return fmt.Errorf("%w: it became shorter", ErrUnfinished)
	}
	return fmt.Errorf("read recording: %w", err)
}
