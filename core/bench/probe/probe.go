// Package probe lets the benchmark look into a program that it measures: how much
// it allocates, and profiles. The benchmark writes commands to the program's
// standard input and reads the results from its standard output, so the program
// has no port and no route for it.
package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
)

// Commands, one a line. Each is answered by a line that begins with [Prefix].
const (
	// Begin starts counting. A folder behind it, after a space, gets profiles:
	// cpu.pprof of the time until End, allocs.pprof since the start of the program
	// and base.pprof, which is to be taken off that.
	Begin = "begin"
	// End answers with a [Count] as JSON.
	End = "end"
)

// Prefix of the lines that answer.
const Prefix = "probe "

// Files of a profile.
const (
	CPU    = "cpu.pprof"
	Allocs = "allocs.pprof"
	Base   = "base.pprof"
)

// Count is what the program allocated between Begin and End.
type Count struct {
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
	Cycles  uint32 `json:"cycles"` // of the garbage collector
}

type session struct {
	folder string
	cpu    *os.File
	before runtime.MemStats
}

// Serve obeys commands until in ends. A command that cannot be obeyed is answered
// with its error, which the benchmark reports.
func Serve(in io.Reader, out io.Writer) error {
	var s *session
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		answer := "begun"
		var err error
		switch word, folder, _ := strings.Cut(lines.Text(), " "); {
		case word == Begin && s == nil:
			if s, err = begin(folder); err != nil {
				s = nil
			}
		case word == End && s != nil:
			answer, err = s.end()
			s = nil
		default:
			err = fmt.Errorf("unexpected %q", lines.Text())
		}
		if err != nil {
			answer = "failed: " + err.Error()
		}
		if _, err := fmt.Fprintln(out, Prefix+answer); err != nil {
			return err
		}
	}
	if s != nil {
		_, _ = s.end() // nobody waits for it any more
	}
	return lines.Err()
}

func begin(folder string) (*session, error) {
	s := &session{folder: folder}
	if folder != "" {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		if err := writeAllocs(filepath.Join(folder, Base)); err != nil {
			return nil, err
		}
		f, err := os.Create(filepath.Join(folder, CPU))
		if err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		s.cpu = f
	}
	runtime.ReadMemStats(&s.before)
	return s, nil
}

func (s *session) end() (string, error) {
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if s.cpu != nil {
		pprof.StopCPUProfile()
		if err := s.cpu.Close(); err != nil {
			return "", err
		}
		if err := writeAllocs(filepath.Join(s.folder, Allocs)); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(Count{
		Objects: after.Mallocs - s.before.Mallocs, Bytes: after.TotalAlloc - s.before.TotalAlloc, Cycles: after.NumGC - s.before.NumGC,
	})
	return string(text), err
}

// writeAllocs collects first: the profile is as of the last collection.
func writeAllocs(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	runtime.GC()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}
