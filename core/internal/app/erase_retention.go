package app

import (
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// keepBad is how long the journal keeps bad requests, in its own words: 0 is as long
// as the others, negative for ever. They are never kept shorter.
func keepBad(keep config.Retention) time.Duration {
	switch {
	case keep.Requests == 0:
		return 0
	case keep.BadRequests == 0:
		return -1
	}
	return max(keep.BadRequests, keep.Requests)
}
