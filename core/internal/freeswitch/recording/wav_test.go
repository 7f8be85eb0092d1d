package recording

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func FuzzCheckWAV(f *testing.F) {
	for _, name := range []string{"plain", "list-chunk", "in-progress"} {
		raw, err := os.ReadFile("testdata/" + name + ".wav")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:min(len(raw), 200)], int64(len(raw)))
	}
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		err := checkWAV(bytes.NewReader(head), size)
		if err == nil && int64(len(head)) < 20 {
			t.Fatal("a file without room for audio passed")
		}
		if err != nil && !errors.Is(err, ErrUnfinished) && !errors.Is(err, ErrNotAudio) {
			t.Fatal(err)
		}
	})
}
