package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"
)

// State is what managers decided in the panel or by the administration API. What
// gateway.hcl says wins over it. The zero State decides nothing.
type State struct {
	Version   uint64                   `json:"version"`
	Modules   map[string]ModuleState   `json:"modules,omitempty"`
	Providers map[string]ProviderState `json:"providers,omitempty"`
	Updated   time.Time                `json:"updated,omitzero"`
}

// ModuleState is what was decided about a module.
type ModuleState struct {
	Enabled  *bool                  `json:"enabled,omitempty"`
	Settings map[string]any         `json:"settings,omitempty"`
	Actions  map[string]ActionState `json:"actions,omitempty"`
}

// ActionState is what was decided about an action.
type ActionState struct {
	Enabled *bool  `json:"enabled,omitempty"`
	Limit   string `json:"limit,omitempty"`
}

// ProviderState is what was decided about a provider instance.
type ProviderState struct {
	Plugin   string         `json:"plugin,omitempty"`
	Enabled  *bool          `json:"enabled,omitempty"`
	Settings map[string]any `json:"settings,omitempty"`
	Hosts    []string       `json:"hosts,omitempty"`
	Private  bool           `json:"private,omitempty"`
	Granted  []string       `json:"granted,omitempty"`
}

// Storage keeps the state.
type Storage interface {
	// Get returns the stored bytes, nil when there are none.
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
}

// ErrConflict means that the state was changed by somebody else since it was
// read.
var ErrConflict = errors.New("the configuration was changed by somebody else since it was read")

// AnyVersion accepts whatever version of the state there is.
const AnyVersion uint64 = math.MaxUint64

// States keeps the stored state and its version. It is safe for concurrent use.
type States struct {
	storage Storage

	changing sync.Mutex // one change at a time, for as long as it takes
	mu       sync.Mutex // guards state, never held for long
	state    State
}

const stateKey = "state"

// LoadStates reads the stored state.
func LoadStates(storage Storage) (*States, error) {
	s := &States{storage: storage}
	raw, err := storage.Get(stateKey)
	if err != nil {
		return nil, fmt.Errorf("registry state: %w", err)
	}
	if raw != nil {
		// Numbers stay as they were written: a setting of 16 digits must not change
		// by a restart.
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&s.state); err != nil {
			return nil, fmt.Errorf("registry state: %w", err)
		}
	}
	return s, nil
}

// Get returns a copy of the state.
func (s *States) Get() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.clone()
}

// Update changes the state: edit changes a copy, apply brings the edited state
// into force, and only then it is stored. When it cannot be stored, apply brings
// the old one back. Readers see the old state until all of this is done. version
// is what the caller read, or [AnyVersion]. The edited state is returned with its
// new version.
//
// # Errors
//
// [ErrConflict] when version is not the present one; edit's own error, apply's,
// the storage's. The state is then what it was before.
func (s *States) Update(version uint64, now time.Time, edit, apply func(*State) error) (before, after State, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	before, after = s.Get(), s.Get()
	if version != AnyVersion && version != before.Version {
		return before, before, ErrConflict
	}
	if err := edit(&after); err != nil {
		return before, before, err
	}
	after.Version, after.Updated = before.Version+1, now
	raw, err := json.Marshal(after)
	if err != nil {
		return before, before, fmt.Errorf("registry state: %w", err)
	}
	next := after.clone()
	if err := apply(&next); err != nil {
		return before, before, err
	}
	if err := s.storage.Put(stateKey, raw); err != nil {
		old := before.clone()
		if back := apply(&old); back != nil {
			err = errors.Join(err, fmt.Errorf("and the old state cannot be brought back: %w", back))
		}
		return before, before, fmt.Errorf("registry state: %w", err)
	}
	s.mu.Lock()
	s.state = after.clone()
	s.mu.Unlock()
	return before, after, nil
}

// clone copies everything that an edit may change; setting values themselves are
// replaced, never changed in place.
func (s State) clone() State {
	modules := make(map[string]ModuleState, len(s.Modules))
	for id, m := range s.Modules {
		m.Settings, m.Actions = maps.Clone(m.Settings), maps.Clone(m.Actions)
		modules[id] = m
	}
	providers := make(map[string]ProviderState, len(s.Providers))
	for name, p := range s.Providers {
		p.Settings = maps.Clone(p.Settings)
		providers[name] = p
	}
	s.Modules, s.Providers = modules, providers
	return s
}
