// Package logging sets up hclog for the gateway so that nothing from outside can do harm in the log.
//
// The logger from [New] hides secrets, masks telephone numbers, escapes control characters and invalid UTF-8 (hclog's
// text format writes a message as it is, so a line break in it would forge a line), and cuts long values. It does so
// for every message, key and value, whoever logs them. A [Sink] gets the same cleaned entries.
package logging

import (
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Attribute keys that the gateway uses everywhere.
const (
	KeyRequest = "request" // X-Request-Id
	KeyPlugin  = "plugin"  // plugin or provider instance
)

// Options say how to log. Zero fields get the default in brackets.
type Options struct {
	Level      string           // trace, debug, info, warn, error, off [info]
	Format     string           // text, json [text]
	Output     io.Writer        // [discard]; New serialises its calls
	Name       string           // of the root logger [none]
	FullPhones bool             // do not mask telephone numbers
	Sink       Sink             // gets every entry that is logged [none]
	Now        func() time.Time // [time.Now]
}

// Sink receives log entries. Write is called on the logging goroutine: it must not block and must not log.
// Entry and its Fields may be kept, but not changed.
type Sink interface {
	Write(e Entry)
}

// Entry is one log line after cleaning.
type Entry struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"` // trace, debug, info, warn, error
	Logger  string    `json:"logger,omitempty"`
	Plugin  string    `json:"plugin,omitempty"`  // value of the attribute KeyPlugin
	Request string    `json:"request,omitempty"` // value of the attribute KeyRequest
	Message string    `json:"message"`
	Fields  []Field   `json:"fields,omitempty"` // the other attributes, in order
}

// Field is one attribute.
type Field struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// New returns the root logger. Errors: unknown level or format.
func New(o Options) (hclog.Logger, error) {
	level := hclog.Info
	if o.Level != "" {
		if level = hclog.LevelFromString(o.Level); level == hclog.NoLevel {
			return nil, fmt.Errorf("log level %q is not trace, debug, info, warn, error or off", o.Level)
		}
	}
	if o.Format != "" && o.Format != "text" && o.Format != "json" {
		return nil, fmt.Errorf("log format %q is not text or json", o.Format)
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	inner := hclog.New(&hclog.LoggerOptions{
		Name:               clean(o.Name),
		Level:              level,
		Output:             o.Output,
		JSONFormat:         o.Format == "json",
		JSONEscapeDisabled: false,
		TimeFn:             o.Now,
	})
	return &logger{inner: inner, s: scrubber{fullPhones: o.FullPhones}, sink: o.Sink, now: o.Now}, nil
}

// WithRequest returns a logger whose entries carry the request id.
func WithRequest(log hclog.Logger, id string) hclog.Logger { return log.With(KeyRequest, id) }

// WithPlugin returns a logger for one plugin or provider instance, named after it.
func WithPlugin(log hclog.Logger, id string) hclog.Logger {
	return log.Named("plugin").With(KeyPlugin, id)
}

// newEntry makes an Entry of cleaned arguments.
func newEntry(at time.Time, level hclog.Level, name, msg string, args []any) Entry {
	e := Entry{Time: at, Level: level.String(), Logger: name, Message: msg}
	for i := 0; i < len(args); i += 2 {
		f := Field{Key: hclog.MissingKey}
		if i+1 < len(args) {
			f.Key, f.Value = fmt.Sprint(args[i]), fmt.Sprint(args[i+1])
		} else {
			f.Value = fmt.Sprint(args[i])
		}
		switch f.Key {
		case KeyPlugin:
			e.Plugin = f.Value
		case KeyRequest:
			e.Request = f.Value
		default:
			e.Fields = append(e.Fields, f)
		}
	}
	return e
}
