package logging

import (
	"io"
	stdlog "log"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// logger cleans everything before hclog sees it.
type logger struct {
	inner hclog.Logger
	s     scrubber
	sink  Sink
	now   func() time.Time
}

var _ hclog.Logger = (*logger)(nil)

// Log implements hclog.Logger.
func (l *logger) Log(level hclog.Level, msg string, args ...any) {
	// Cleaning costs more than the check, and most debug entries go nowhere.
	if current := l.inner.GetLevel(); current == hclog.Off || level < current {
		return
	}
	msg, args = clean(msg), l.s.args(args)
	l.inner.Log(level, msg, args...)
	if l.sink != nil {
		l.sink.Write(newEntry(l.now(), level, l.inner.Name(), msg, slices.Concat(l.inner.ImpliedArgs(), args)))
	}
}

func (l *logger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l *logger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l *logger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l *logger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l *logger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l *logger) IsTrace() bool { return l.inner.IsTrace() }
func (l *logger) IsDebug() bool { return l.inner.IsDebug() }
func (l *logger) IsInfo() bool  { return l.inner.IsInfo() }
func (l *logger) IsWarn() bool  { return l.inner.IsWarn() }
func (l *logger) IsError() bool { return l.inner.IsError() }

func (l *logger) ImpliedArgs() []any { return l.inner.ImpliedArgs() }

// With implements hclog.Logger. A last argument without a key is dropped rather than shifting all later pairs.
func (l *logger) With(args ...any) hclog.Logger {
	return l.child(l.inner.With(l.s.args(args[:len(args)&^1])...))
}

func (l *logger) Name() string                   { return l.inner.Name() }
func (l *logger) Named(name string) hclog.Logger { return l.child(l.inner.Named(clean(name))) }
func (l *logger) ResetNamed(name string) hclog.Logger {
	return l.child(l.inner.ResetNamed(clean(name)))
}

// SetLevel holds for all loggers made from the same root.
func (l *logger) SetLevel(level hclog.Level) { l.inner.SetLevel(level) }
func (l *logger) GetLevel() hclog.Level      { return l.inner.GetLevel() }

func (l *logger) child(inner hclog.Logger) *logger {
	c := *l
	c.inner = inner
	return &c
}

// StandardLogger is for libraries that want a *log.Logger.
func (l *logger) StandardLogger(opts *hclog.StandardLoggerOptions) *stdlog.Logger {
	return stdlog.New(l.StandardWriter(opts), "", 0)
}

// StandardWriter returns a writer that makes one entry of every Write, as *log.Logger calls it.
func (l *logger) StandardWriter(opts *hclog.StandardLoggerOptions) io.Writer {
	w := lineWriter{log: l, level: hclog.Info}
	if opts != nil {
		w.infer = opts.InferLevels || opts.InferLevelsWithTimestamp
		if opts.ForceLevel != hclog.NoLevel {
			w.level, w.infer = opts.ForceLevel, false
		}
	}
	return w
}

type lineWriter struct {
	log   *logger
	level hclog.Level
	infer bool
}

func (w lineWriter) Write(p []byte) (int, error) {
	text, level := strings.TrimRight(string(p), " \t\r\n"), w.level
	if w.infer {
		for prefix, l := range map[string]hclog.Level{
			"[TRACE]": hclog.Trace, "[DEBUG]": hclog.Debug, "[INFO]": hclog.Info, "[WARN]": hclog.Warn, "[ERROR]": hclog.Error, "[ERR]": hclog.Error,
		} {
			if rest, ok := strings.CutPrefix(text, prefix); ok {
				text, level = strings.TrimSpace(rest), l
				break
			}
		}
	}
	w.log.Log(level, text)
	return len(p), nil
}
