package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
)

// Erase forgets a telephone number: its SMS, calls and call records, and the number
// in everybody else's records. The audit record of it is the caller's; it knows the
// number shortened.
//
// # Errors
//
// An [*admin.Rejection] for what is no number. After other errors a part is done;
// erasing again finishes.
func (a *App) Erase(ctx context.Context, phone string, dry bool) (admin.Erasure, error) {
	n, err := mask.ParseNumber(phone)
	if err != nil {
		return admin.Erasure{}, admin.Reject("request", admin.Violation{Pointer: "/phone", Message: err.Error()})
	}
	out := admin.Erasure{Phone: n.Masked(), Dry: dry}
	e, err := a.journal.Erase(ctx, n, dry)
	out.SMS, out.Calls, out.Requests, out.Audits, out.Mentions = e.SMS, e.Calls, e.Requests, e.Audits, e.Mentions
	out.InFlight, out.Unreadable = e.InFlight, e.Unreadable
	if err != nil {
		return out, err
	}
	records, uuids, err := a.archive.Erase(ctx, n, dry)
	out.CallRecords = records
	if err != nil {
		return out, fmt.Errorf("call records: %w", err)
	}
	if err := a.forgetGuarded(phone, dry); err != nil {
		return out, err
	}
	// Recordings lie where FreeSWITCH put them and are found by these ids alone.
	out.Recordings = append(e.CallUUIDs, uuids...)
	slices.Sort(out.Recordings)
	out.Recordings = slices.Compact(out.Recordings)
	return out, nil
}
