package program

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPU is the processor time that the process has used. Linux only.
func (p *Program) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0, err
	}
	return ParseCPU(string(text))
}

// ParseCPU reads utime and stime of /proc/<pid>/stat, fields 14 and 15 (proc(5)). The
// name in field 2 may hold anything, so counting begins behind its bracket.
func ParseCPU(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/<pid>/stat has %d fields behind the name", len(fields))
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux of today
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/<pid>/stat: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// Status is a size in /proc/<pid>/status, such as RssAnon, in bytes. Linux only.
func (p *Program) Status(name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, err
	}
	return ParseStatus(string(text), name)
}

// ParseStatus reads a size of /proc/<pid>/status, in bytes.
func ParseStatus(status, name string) (int64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/<pid>/status has no %s", name)
}
