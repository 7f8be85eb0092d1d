// Package recording finds the audio of a call by its uuid, in files or behind HTTP, and refuses what is still being written.
package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrNotFound means that there is no recording of the call.
	ErrNotFound = errors.New("no recording of this call")
	// ErrUnfinished means that the recording is still being written: FreeSWITCH fills in the sizes when it stops.
	ErrUnfinished = errors.New("recording is not finished")
	// ErrNotAudio means that the file is not what its name says.
	ErrNotAudio = errors.New("file is not a WAV recording")
	// ErrTooLarge means that the recording exceeds the size limit of its source.
	ErrTooLarge = errors.New("recording is too large")
	// ErrBadID means that the call id is not a uuid. Nothing was looked up.
	ErrBadID = errors.New("call id is not a uuid")
	// ErrNoStart means that the template needs the date of the call, which the request lacks.
	ErrNoStart = errors.New("start time of the call is needed to find its recording")
)

// Call says whose recording is wanted.
type Call struct {
	// ID is the uuid of the recorded leg, 36 bytes.
	ID string
	// Started fills {year}, {month} and {day}; zero if unknown.
	Started time.Time
	// Live marks a call that is still going on: its recording is not finished, whatever the file looks like.
	Live bool
}

// Recording is an opened recording. Body is at the start; the caller closes it.
type Recording struct {
	Size        int64     // bytes
	ModTime     time.Time // zero if unknown
	ContentType string
	Body        io.ReadSeekCloser
}

// Source finds recordings. Implementations are safe for concurrent use.
type Source interface {
	// Open finds and checks a recording. ctx bounds the opening and all reading from Body.
	//
	// # Errors
	//
	// The errors of this package, or one of the file system or network.
	Open(ctx context.Context, c Call) (*Recording, error)
}

// First asks the sources in order and returns the first recording. A source that does not have it is passed over; one
// that fails is remembered.
//
// # Errors
//
// ErrNotFound when no source has it and none failed, otherwise the first failure.
func First(sources ...Source) Source { return first(sources) }

type first []Source

func (f first) Open(ctx context.Context, c Call) (*Recording, error) {
	var failure error
	for _, s := range f {
		r, err := s.Open(ctx, c)
		if err == nil {
			return r, nil
		}
		if failure == nil && !errors.Is(err, ErrNotFound) {
			failure = err
		}
	}
	if failure == nil {
		failure = ErrNotFound
	}
	return nil, failure
}

// template is a path or URL with placeholders.
type template struct {
	text string
	zone *time.Location
}

var placeholders = []string{"{uuid}", "{year}", "{month}", "{day}"}

func parseTemplate(text string, zone *time.Location) (template, error) {
	rest := text
	for _, p := range placeholders {
		rest = strings.ReplaceAll(rest, p, "")
	}
	if strings.ContainsAny(rest, "{}") {
		return template{}, fmt.Errorf("recording template %q: known placeholders are %s", text, strings.Join(placeholders, " "))
	}
	if !strings.Contains(text, "{uuid}") {
		return template{}, fmt.Errorf("recording template %q has no {uuid}", text)
	}
	if zone == nil {
		zone = time.Local
	}
	return template{text, zone}, nil
}

// fill puts in values that consist of hexadecimal digits and dashes only.
func (t template) fill(c Call) (string, error) {
	if len(c.ID) != 36 {
		return "", ErrBadID
	}
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return "", ErrBadID
	}
	if c.Live {
		return "", fmt.Errorf("%w: the call is still going on", ErrUnfinished)
	}
	out := strings.ReplaceAll(t.text, "{uuid}", id.String())
	if !strings.Contains(out, "{") {
		return out, nil
	}
	if y := c.Started.Year(); c.Started.IsZero() || y < 1970 || y > 9999 {
		return "", ErrNoStart
	}
	at := c.Started.In(t.zone)
	return strings.NewReplacer("{year}", at.Format("2006"), "{month}", at.Format("01"), "{day}", at.Format("02")).Replace(out), nil
}

// contentType goes by the extension; unknown ones are served as bytes.
func contentType(name string) string {
	switch {
	case isWAV(name):
		return "audio/wav"
	case strings.HasSuffix(strings.ToLower(name), ".mp3"):
		return "audio/mpeg"
	case strings.HasSuffix(strings.ToLower(name), ".ogg"):
		return "audio/ogg"
	}
	return "application/octet-stream"
}

func isWAV(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".wav") }
