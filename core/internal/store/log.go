package store

import (
	"fmt"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// badgerLog passes badger's lines on. Its "info" is chatter about compactions
// and start-up, so it becomes debug here.
type badgerLog struct{ to hclog.Logger }

func line(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}

func (l badgerLog) Errorf(format string, args ...any)   { l.to.Error(line(format, args)) }
func (l badgerLog) Warningf(format string, args ...any) { l.to.Warn(line(format, args)) }

func (l badgerLog) Infof(format string, args ...any) {
	if l.to.IsDebug() {
		l.to.Debug(line(format, args))
	}
}

func (l badgerLog) Debugf(format string, args ...any) {
	if l.to.IsTrace() {
		l.to.Trace(line(format, args))
	}
}
