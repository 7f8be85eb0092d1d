package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// crash is one entry of a plugin's history.
type crash struct {
	At       time.Time `json:"at"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	SHA256   string    `json:"sha256"`
	Count    uint64    `json:"count"` // that were noticed together
	Reason   string    `json:"reason"`
}

// Bounds of the history.
const (
	maxCrashes     = 20
	maxCrashReason = 2 << 10 // bytes
)

// crashLog remembers the last crashes of each plugin, also over a restart: a
// trial that was interrupted goes on with what happened before.
type crashLog struct {
	storage keyed

	mu      sync.Mutex
	entries map[string][]crash // by plugin, the newest last
	seen    map[*plugin.Instance]uint64
	back    map[string]uint64 // rollbacks by plugin since the start
}

const crashKey = "log"

func openCrashLog(storage keyed) (*crashLog, error) {
	l := &crashLog{storage: storage, entries: map[string][]crash{}, seen: map[*plugin.Instance]uint64{}, back: map[string]uint64{}}
	raw, err := storage.Get(crashKey)
	if err != nil {
		return nil, fmt.Errorf("crashes of plugins: %w", err)
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &l.entries); err != nil {
			return nil, fmt.Errorf("crashes of plugins: %w", err)
		}
	}
	return l, nil
}

// look notices new crashes of the units and stores them.
func (l *crashLog) look(units []*unit, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := make(map[*plugin.Instance]uint64, len(units))
	changed := false
	for _, u := range units {
		if u.instance == nil {
			continue
		}
		s := u.instance.Status()
		seen[u.instance] = s.Stats.Crashes
		fresh := s.Stats.Crashes - min(l.seen[u.instance], s.Stats.Crashes)
		if fresh == 0 {
			continue
		}
		changed = true
		reason := s.Reason[:min(len(s.Reason), maxCrashReason)]
		id := u.pkg.Manifest.ID
		list := append(slices.Clone(l.entries[id]), crash{now, u.name, u.pkg.Manifest.Version, u.pkg.SHA256, fresh, reason})
		l.entries[id] = list[max(0, len(list)-maxCrashes):]
	}
	l.seen = seen // superseded instances are forgotten
	if !changed {
		return nil
	}
	raw, err := json.Marshal(l.entries)
	if err != nil {
		return fmt.Errorf("crashes of plugins: %w", err)
	}
	return l.storage.Put(crashKey, raw, 0)
}

// since counts the crashes of a version after a time and returns the last reason.
func (l *crashLog) since(id, sha256 string, after time.Time) (n int, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.entries[id] {
		if c.SHA256 == sha256 && !c.At.Before(after) {
			n += int(c.Count)
			reason = c.Reason
		}
	}
	return n, reason
}

// of returns the history of a plugin, the newest first.
func (l *crashLog) of(id string) []crash {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Clone(l.entries[id])
	slices.Reverse(list)
	return list
}

// wentBack counts a rollback.
func (l *crashLog) wentBack(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back[id]++
}

// rollbacks returns the rollbacks since the start, by plugin.
func (l *crashLog) rollbacks() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.back)
}
