package app

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// reloadTime bounds a reload: plugins may be compiled in it.
const reloadTime = 2 * time.Minute

// signalUser is who the audit names when somebody sent the signal.
const signalUser = "SIGHUP"

// HangUp is [App.Reload] for the signal: bounded, and recorded as a reload through the
// control socket is. What is wrong is in the log.
func (a *App) HangUp(ctx context.Context) {
	own, stop := context.WithTimeout(ctx, reloadTime)
	defer stop()
	changed, err := a.Reload(own)
	if err != nil {
		a.record(ctx, signalUser, "config.refuse", "gateway.hcl", nil, nil)
		return
	}
	a.record(ctx, signalUser, "config.reload", "gateway.hcl", nil, admin.Reloaded{Changed: append([]string{}, changed...)})
}

// localReload is the reload that the control socket offers.
func (a *App) localReload(ctx context.Context) ([]string, error) {
	ctx, stop := context.WithTimeout(ctx, reloadTime)
	defer stop()
	changed, err := a.Reload(ctx)
	if refused, ok := errors.AsType[*ReloadError](err); ok {
		var found []admin.Violation
		for _, mistake := range refused.Mistakes {
			found = append(found, admin.Violation{Message: mistake})
		}
		return nil, admin.Reject("configuration", found...)
	}
	return changed, err
}
