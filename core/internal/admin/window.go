package admin

import (
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
)

// window bounds how often users may do something that costs money or tells secrets.
type window struct {
	mu   sync.Mutex
	each map[string][]time.Time
}

const (
	useWindow = time.Minute
	maxSends  = 5
)

// allow notes a use unless there were so many within [useWindow].
func (w *window) allow(user string, most int, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.each == nil {
		w.each = map[string][]time.Time{}
	}
	var recent []time.Time
	for _, at := range w.each[user] {
		if now.Sub(at) < useWindow {
			recent = append(recent, at)
		}
	}
	if len(recent) >= most {
		w.each[user] = recent
		return false
	}
	w.each[user] = append(recent, now)
	return true
}

// maskPhone shortens a number for the audit.
func maskPhone(s string) string { return mask.MaskPhone(s) }
