package app

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// reloadTime bounds a reload: plugins may be compiled in it.
const reloadTime = 2 * time.Minute

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
