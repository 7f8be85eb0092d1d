package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// quiet is the share of the processors that others may use without spoiling a run.
const quiet = 0.10

// busyShare is the share of the processors that is used by others, while the
// benchmark itself does nothing yet.
func busyShare(ctx context.Context) (float64, error) {
	const watch = time.Second
	var idle, all [2]uint64
	for i := range idle {
		text, err := os.ReadFile("/proc/stat")
		if err != nil {
			return 0, err
		}
		if idle[i], all[i], err = parseProcessors(string(text)); err != nil {
			return 0, err
		}
		if i == 0 {
			pause(ctx, watch)
		}
	}
	if all[1] <= all[0] || idle[1] < idle[0] {
		return 0, ctx.Err()
	}
	return 1 - float64(idle[1]-idle[0])/float64(all[1]-all[0]), nil
}

// parseProcessors reads the first line of /proc/stat (proc(5)): ticks of all
// processors since the start, by what they did. Waiting for a disk is idle, too.
func parseProcessors(text string) (idle, all uint64, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	const user, idleField, waitField, steal = 1, 4, 5, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return 0, 0, errors.New("/proc/stat: the first line is not that of all processors")
	}
	for i, field := range fields[user : steal+1] { // guests are in user already
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		all += n
		if i+user == idleField || i+user == waitField {
			idle += n
		}
	}
	return idle, all, nil
}
