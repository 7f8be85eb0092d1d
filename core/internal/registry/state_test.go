package registry_test

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// memory is a storage that can be made to fail.
type memory struct {
	value []byte
	err   error
}

func (m *memory) Get(string) ([]byte, error) { return m.value, m.err }

func (m *memory) Put(_ string, value []byte) error {
	if m.err == nil {
		m.value = append([]byte(nil), value...)
	}
	return m.err
}

func load(t *testing.T, m *memory) *registry.States {
	t.Helper()
	s, err := registry.LoadStates(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func setting(name string, value any) func(*registry.State) error {
	return func(s *registry.State) error {
		m := s.Modules["sms"]
		if m.Settings == nil {
			m.Settings = map[string]any{}
		}
		m.Settings[name] = value
		s.Modules["sms"] = m
		return nil
	}
}

func nothing(*registry.State) error { return nil }

func TestUpdate(t *testing.T) {
	disk := &memory{}
	s := load(t, disk)
	applied := 0
	before, after, err := s.Update(0, time.Unix(1, 0), setting("n", 1), func(next *registry.State) error {
		applied++
		if next.Modules["sms"].Settings["n"] != 1 || disk.value != nil {
			t.Errorf("applied %v after storing %s", next, disk.value)
		}
		if s.Get().Version != 0 {
			t.Error("readers see a state that is not stored yet")
		}
		return nil
	})
	if err != nil || before.Version != 0 || after.Version != 1 || s.Get().Version != 1 || applied != 1 {
		t.Fatalf("%v, %v, %v", before, after, err)
	}
	// Version 0 is a version, too: the second of two first changes is late.
	if _, _, err := s.Update(0, time.Unix(2, 0), setting("n", 2), nothing); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("late: %v", err)
	}
	if _, _, err := s.Update(registry.AnyVersion, time.Unix(2, 0), setting("n", 2), nothing); err != nil || s.Get().Modules["sms"].Settings["n"] != 2 {
		t.Errorf("any version: %v", err)
	}
	if got := load(t, disk).Get(); got.Version != 2 || got.Modules["sms"].Settings["n"] != json.Number("2") {
		t.Errorf("loaded: %+v", got)
	}
}

func TestUpdateThatFailsChangesNothing(t *testing.T) {
	disk := &memory{}
	s := load(t, disk)
	if _, _, err := s.Update(0, time.Unix(1, 0), setting("n", 1), nothing); err != nil {
		t.Fatal(err)
	}
	stored := string(disk.value)
	refused := errors.New("refused")
	unchanged := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, refused) || s.Get().Version != 1 || s.Get().Modules["sms"].Settings["n"] != 1 || string(disk.value) != stored {
			t.Errorf("%s: %v, %+v", what, err, s.Get())
		}
	}

	_, _, err := s.Update(1, time.Unix(2, 0), func(next *registry.State) error {
		_ = setting("n", 2)(next)
		return refused
	}, func(*registry.State) error { t.Error("applied"); return nil })
	unchanged("edit", err)

	_, _, err = s.Update(1, time.Unix(2, 0), setting("n", 2), func(*registry.State) error { return refused })
	unchanged("apply", err)

	// What is in force and cannot be stored is taken back.
	disk.err = refused
	var applied []any
	_, _, err = s.Update(1, time.Unix(2, 0), setting("n", 2), func(next *registry.State) error {
		applied = append(applied, next.Modules["sms"].Settings["n"])
		return nil
	})
	unchanged("store", err)
	if len(applied) != 2 || applied[0] != 2 || applied[1] != 1 {
		t.Errorf("applied %v", applied)
	}
}

func TestLoadKeepsEveryDigit(t *testing.T) {
	s := load(t, &memory{value: []byte(`{"version":3,"modules":{"sms":{"settings":{"id":9007199254740993}}}}`)})
	if got := s.Get().Modules["sms"].Settings["id"]; got != json.Number("9007199254740993") {
		t.Errorf("%v", got)
	}
	if _, err := registry.LoadStates(&memory{value: []byte(`{"version":`)}); err == nil {
		t.Error("a damaged state was loaded")
	}
}

func TestUpdatesFollowEachOther(t *testing.T) {
	s := load(t, &memory{})
	var wg sync.WaitGroup
	inside := 0
	for range 8 {
		wg.Go(func() {
			for range 50 {
				_, _, err := s.Update(registry.AnyVersion, time.Unix(1, 0), setting("n", 1), func(*registry.State) error {
					inside++ // the race detector sees two at a time
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				_ = s.Get()
			}
		})
	}
	wg.Wait()
	if got := s.Get().Version; got != 400 || inside != 400 {
		t.Errorf("version %d, applied %d", got, inside)
	}
}

func TestGoingBackGoesFurtherBack(t *testing.T) {
	p := registry.PluginState{}
	for _, next := range []string{"a", "b", "c", "d"} {
		p.Replace(p.SHA256, next)
	}
	p.Return("d", "c")
	if p.SHA256 != "c" || !slices.Equal(p.Before, []string{"b", "a"}) {
		t.Errorf("%s after %v", p.SHA256, p.Before)
	}
	p.Return("c", "a")
	if p.SHA256 != "a" || len(p.Before) != 0 {
		t.Errorf("%s after %v", p.SHA256, p.Before)
	}
	p.Return("a", "x") // never was in force: it can be left again
	if p.SHA256 != "x" || !slices.Equal(p.Before, []string{"a"}) {
		t.Errorf("%s after %v", p.SHA256, p.Before)
	}
}
