package app

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/archive"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/recording"
	freeswitchcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/server"
)

// importEvery is the pause between looks into a node's error directory.
const importEvery = 30 * time.Second

func (a *App) freeswitchOptions(log hclog.Logger) freeswitchcall.Options {
	o := freeswitchcall.Options{
		Calls: a.journal, CDR: a.findCDR, Recording: a.openRecording, Number: func(s string) string { return a.keepPhone()(s) }, Log: log,
	}
	if a.link != nil {
		o.Link = guardedLink{a.link}
	}
	return o
}

// findCDR returns the record of a call in the manual's shape.
func (a *App) findCDR(ctx context.Context, id string) ([]byte, error) {
	record, _, err := a.archive.Find(ctx, id)
	if errors.Is(err, archive.ErrNotFound) {
		return nil, freeswitchcall.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return record.JSON()
}

// receiveCDR stores what a node posted, once it proved who it is.
func (a *App) receiveCDR(_ context.Context, p server.CDRPost) error {
	n, found := a.nodes.Load().find(p.Node)
	if !found || n.CDR == nil {
		return server.ErrCDRDenied
	}
	c := n.CDR
	allowed := len(c.Allow) == 0
	for _, network := range c.Allow {
		allowed = allowed || network.Contains(p.IP)
	}
	token := c.Token.IsZero() || c.Token.Equal(p.Token)
	password := c.User == "" || subtle.ConstantTimeCompare([]byte(c.User), []byte(p.User))&boolInt(c.Password.Equal(p.Password)) == 1
	if !allowed || !token || !password {
		// Anybody who reaches the port can cause the line.
		if ok, _ := a.limiter.Allow(auth.LimitKey{Action: "cdr refused " + p.Node}, auth.Rate{PerSecond: 1, Burst: 10}); ok {
			a.log.Warn("a call record was refused", "node", p.Node, "ip", p.IP, "address_allowed", allowed)
		}
		return server.ErrCDRDenied
	}
	fresh, err := a.archive.Save(p.Node, p.Body, time.Now())
	if errors.Is(err, cdr.ErrNotCDR) || errors.Is(err, cdr.ErrTooLarge) {
		return fmt.Errorf("%w: %w", server.ErrCDREmpty, err)
	}
	if err == nil && !fresh {
		a.log.Debug("a call record came again", "node", p.Node)
	}
	return err
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sendTimeout bounds the opening and the sending of one recording.
const sendTimeout = 10 * time.Minute

// recordingSources builds the sources of all nodes that have one.
func recordingSources(nodes []config.FreeSWITCH, zone *time.Location) (map[string]recording.Source, error) {
	out := map[string]recording.Source{}
	for _, n := range nodes {
		if n.Recordings == nil {
			continue
		}
		var source recording.Source
		var err error
		if n.Recordings.Source == "http" {
			source, err = recording.NewRemote(n.Recordings.URL, zone, &http.Client{Timeout: sendTimeout}, 0)
		} else {
			var path string // as other paths of gateway.hcl, it may begin at the working folder
			if path, err = filepath.Abs(n.Recordings.Path); err == nil {
				source, err = recording.NewFiles(path, zone)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("freeswitch %q: recordings: %w", n.Name, err)
		}
		out[n.Name] = source
	}
	return out, nil
}

// openRecording looks where the call's record says it was made; without a record
// every node's recordings are tried.
func (a *App) openRecording(ctx context.Context, id string) (freeswitchcall.Recording, error) {
	if _, err := uuid.Parse(id); err != nil || len(id) != 36 {
		return nil, freeswitchcall.ErrNotFound
	}
	call := recording.Call{ID: strings.ToLower(id)}
	sources := a.nodes.Load().recordings
	source := recording.First(slices.Collect(maps.Values(sources))...)
	record, entry, err := a.archive.Find(ctx, id)
	switch {
	case err == nil:
		call.Started = record.Start()
		if own := sources[entry.Node]; own != nil {
			source = own
		}
	case !errors.Is(err, archive.ErrNotFound):
		return nil, err
	case a.link != nil:
		// No record yet: the call may still be going on. A node that cannot be
		// asked must not hide a recording that is there.
		if live, err := a.link.CallExists(ctx, "", call.ID); err == nil && live {
			return nil, freeswitchcall.ErrUnfinished
		}
	}
	// The body is read after the task has ended, so its context must outlive it.
	send, stop := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	r, err := source.Open(send, call)
	if err != nil {
		stop()
		switch {
		case errors.Is(err, recording.ErrNotFound), errors.Is(err, recording.ErrBadID), errors.Is(err, recording.ErrNoStart):
			return nil, fmt.Errorf("%w: %w", freeswitchcall.ErrNotFound, err)
		case errors.Is(err, recording.ErrUnfinished):
			return nil, fmt.Errorf("%w: %w", freeswitchcall.ErrUnfinished, err)
		}
		return nil, err
	}
	return &heldRecording{r, stop}, nil
}

// heldRecording is a recording until the server has sent it.
type heldRecording struct {
	recording *recording.Recording
	stop      context.CancelFunc
}

var _ server.File = (*heldRecording)(nil)

func (h *heldRecording) Size() int64                { return h.recording.Size }
func (h *heldRecording) ModTime() time.Time         { return h.recording.ModTime }
func (h *heldRecording) ContentType() string        { return h.recording.ContentType }
func (h *heldRecording) Read(p []byte) (int, error) { return h.recording.Body.Read(p) }

func (h *heldRecording) Seek(offset int64, whence int) (int64, error) {
	return h.recording.Body.Seek(offset, whence)
}

func (h *heldRecording) Close() error {
	defer h.stop()
	return h.recording.Body.Close()
}
