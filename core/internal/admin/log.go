package admin

import (
	"math"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/logging"
)

// Logs are the last entries of the log, as [logging.Tail] keeps them.
type Logs interface {
	// Log returns the kept entries of an instance ("" for the gateway itself) with a
	// number above after, the oldest first.
	Log(instance string, after uint64) []logging.Kept
}

// maxEntries bounds one answer.
const maxEntries = 1000

// logView is a part of the log; After asks for what comes next.
type logView struct {
	Entries []logging.Kept `json:"entries"`
	After   uint64         `json:"after"`
}

func (a *API) log(c *call) (any, error) {
	instance, after, err := a.logQuery(c)
	if err != nil {
		return nil, err
	}
	return a.logAfter(instance, after), nil
}

func (a *API) logQuery(c *call) (instance string, after uint64, err error) {
	values, err := c.query("instance", "after")
	if err != nil {
		return "", 0, err
	}
	if text := values.Get("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil || after == math.MaxUint64 {
			return "", 0, Reject("after", Violation{Pointer: "/after", Message: "want the number of an entry"})
		}
	}
	return values.Get("instance"), after, nil
}

// logAfter returns the newest entries after one.
func (a *API) logAfter(instance string, after uint64) logView {
	v := logView{Entries: a.opt.Gateway.Log(instance, after), After: after}
	v.Entries = v.Entries[max(0, len(v.Entries)-maxEntries):]
	if n := len(v.Entries); n > 0 {
		v.After = v.Entries[n-1].Seq
	} else {
		v.Entries = []logging.Kept{}
	}
	return v
}

// logPause is how often the log is looked at for a live view.
const logPause = 500 * time.Millisecond

// logLive streams the event "log": what is kept, and then what comes.
func (a *API) logLive(c *call) (any, error) {
	instance, after, err := a.logQuery(c)
	if err != nil {
		return nil, err
	}
	return &stream{pause: logPause, next: func(s *sink) {
		if v := a.logAfter(instance, after); len(v.Entries) > 0 {
			after = v.After
			s.send("log", v)
		}
	}}, nil
}
