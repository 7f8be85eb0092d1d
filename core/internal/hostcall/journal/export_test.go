package journalcall

import (
	"context"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Open opens the page of a report without a task that would hold it.
func (o Options) Open(ctx context.Context, q abi.JournalReport) (*Page, error) {
	query, zone, bad := o.query(q)
	if bad != nil {
		return nil, bad
	}
	return o.open(ctx, q, query, zone)
}
