package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Severity orders what a doctor finds.
type Severity int

// Severities.
const (
	Fine    Severity = iota // said so that one knows it was looked at
	Warning                 // the gateway starts and loses nothing that it has answered for
	Damage                  // data is missing, or the gateway does not start
)

func (s Severity) String() string { return [...]string{"ok", "warning", "DAMAGE"}[s] }

// Finding is one thing that the doctor looked at.
type Finding struct {
	Severity Severity
	Where    string
	What     string
	GoOn     string // what to do; empty when nothing has to be done
}

// doctorFolder begins the names of the folders that the doctor looks at a copy in.
const doctorFolder = ".doctor-"

// Doctor examines the data folder of a gateway that does not run. It changes
// nothing: what has to be opened for looking is opened as a copy beside it, which
// shares the large files.
type Doctor struct {
	Config *config.Config
	Log    hclog.Logger
	// Repair does what is safe, and first keeps a copy in a folder named repair- and
	// the time. Nothing else is ever changed.
	Repair bool

	found []Finding
}

// RestoreHint is how to go on when data is lost.
const restoreHint = "restore the last backup into a new folder (`patchbay restore FILE --data NEW`) and start with that; keep this folder until then"

// Examine returns what it found, in the order of looking.
//
// # Errors
//
// [store.ErrLocked] when a gateway runs on the folder, ctx's error, and faults of
// the disk. Damage is a finding and no error.
func (d *Doctor) Examine(ctx context.Context) ([]Finding, error) {
	data := d.Config.Gateway.Data
	d.found = nil
	info, err := os.Stat(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no data folder %s; name it with --data or --config", data)
	}
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	d.permissions(data, info)
	dir := filepath.Join(data, storeFolder)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if part := restoreUnderWay(data); part != "" {
			d.say(Damage, part, "is a part of a restore that was interrupted or still runs", "when none runs, remove everything in the data folder but "+lostFound+", then restore again")
			return d.found, nil
		}
		d.say(Damage, storeFolder, "is missing: the folder holds no data of a gateway", "name the right folder with --data, or "+restoreHint)
		return d.found, nil
	}
	flaws, err := store.Inspect(ctx, dir)
	if err != nil {
		return nil, err
	}
	lost := d.files(flaws)
	if err := d.repair(data, dir, flaws); err != nil {
		return d.found, err
	}
	d.room(data)
	if lost {
		d.say(Warning, "journal", "was not looked at: the database under it is damaged", "")
		return d.found, nil
	}
	return d.found, d.contents(ctx, data, dir)
}

func (d *Doctor) say(s Severity, where, what, goOn string) {
	d.found = append(d.found, Finding{s, where, what, goOn})
}

// permissions looks who else can read the folder; the key has its own check.
func (d *Doctor) permissions(data string, info fs.FileInfo) {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.say(Warning, "permissions", fmt.Sprintf("others than its owner have access to the folder (%04o)", mode), "chmod go-rwx "+data)
		return
	}
	d.say(Fine, "permissions", "only the owner has access to the folder", "")
}

// files says what is wrong with the database's files and reports whether data is
// lost.
func (d *Doctor) files(flaws []store.Flaw) (lost bool) {
	for _, f := range flaws {
		severity, goOn := Warning, ""
		switch {
		case f.Lost:
			severity, goOn, lost = Damage, restoreHint, true
		case f.Repair != nil && !d.Repair:
			goOn = "`patchbay doctor --repair` removes it and keeps a copy; a start does the same without one"
		}
		d.say(severity, storeFolder+"/"+f.File, f.What, goOn)
	}
	if len(flaws) == 0 {
		d.say(Fine, storeFolder, "all tables are there, all checksums fit, the logs are whole", "")
	}
	return lost
}

func (d *Doctor) repair(data, dir string, flaws []store.Flaw) error {
	if !d.Repair {
		return nil
	}
	kept := filepath.Join(data, "repair-"+time.Now().UTC().Format("20060102-150405"))
	changed, err := store.Repair(dir, kept, flaws)
	if len(changed) > 0 {
		d.say(Fine, "repair", "done for "+strings.Join(changed, ", ")+"; the files as they were are in "+kept, "")
	}
	if err == nil && len(changed) == 0 {
		d.say(Fine, "repair", "there is nothing that can be repaired safely", "")
	}
	return err
}

// room looks whether the gateway will be able to write.
func (d *Doctor) room(data string) {
	free, err := store.FreeBytes(data)
	need := d.Config.Store.Reserve
	if need == 0 {
		need = store.DefaultReserve
	}
	switch {
	case err != nil:
		d.say(Warning, "free space", "cannot be told: "+err.Error(), "")
	case free < need:
		d.say(Damage, "free space", fmt.Sprintf("%d MiB are free; below %d MiB the gateway answers 503", free>>20, need>>20), "free some: nothing has to be repaired afterwards")
	default:
		d.say(Fine, "free space", fmt.Sprintf("%d MiB", free>>20), "")
	}
}

// forgetDoctors removes the copies of doctors that were killed. No living one is as
// old as that.
func forgetDoctors(data string) error {
	list, err := os.ReadDir(data)
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	var errs []error
	for _, entry := range list {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), doctorFolder) {
			continue
		}
		if s, err := entry.Info(); err == nil && time.Since(s.ModTime()) > 24*time.Hour {
			errs = append(errs, os.RemoveAll(filepath.Join(data, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// contents opens a copy of the database and reads everything in it.
func (d *Doctor) contents(ctx context.Context, data, dir string) (err error) {
	if err := forgetDoctors(data); err != nil {
		return err
	}
	shadow, err := os.MkdirTemp(data, doctorFolder)
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(shadow)) }()
	copied := filepath.Join(shadow, storeFolder)
	if err := store.Shadow(dir, copied); err != nil {
		return err
	}
	s, err := openCarefully(copied, d.Log)
	if err != nil {
		d.say(Damage, storeFolder, "it cannot be opened: "+err.Error(), restoreHint)
		return nil
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	n, err := s.ReadAll(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		d.say(Damage, storeFolder, fmt.Sprintf("reading stops after %d entries: %v", n, err), restoreHint)
		return nil
	}
	d.say(Fine, storeFolder, fmt.Sprintf("all %d entries can be read", n), "")
	if err := d.journal(ctx, s); err != nil {
		return err
	}
	return d.secrets(ctx, s)
}

// openCarefully opens a database whose files look well; what its reader cannot
// stand all the same must not end the doctor.
func openCarefully(dir string, log hclog.Logger) (s *store.Store, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return store.Open(store.Options{Dir: dir, Logger: log, Reserve: -1})
}

func (d *Doctor) journal(ctx context.Context, s *store.Store) error {
	kinds, err := journal.Inspect(ctx, s.Prefix("journal"))
	if err != nil {
		return err
	}
	for _, v := range kinds {
		where := "journal/" + v.Kind.String()
		if v.Flaws > 0 {
			d.say(Damage, where, fmt.Sprintf("%d damaged parts: %s", v.Flaws, strings.Join(v.Examples, "; ")),
				"the gateway starts, passes them over and counts them (\"skipped\" in the answers); to have the records back, "+restoreHint)
		}
		text := fmt.Sprintf("%d records in %d blocks", v.Records, v.Blocks)
		if v.Records > 0 {
			text += fmt.Sprintf(", %s to %s", v.First.Format(time.DateTime), v.Last.Format(time.DateTime))
		}
		d.say(Fine, where, text, "")
	}
	return nil
}

// secrets looks whether the keys open what is sealed.
func (d *Doctor) secrets(ctx context.Context, s *store.Store) error {
	ring, err := existingRing(d.Config)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		d.say(Damage, keyFile, "cannot be used, so the gateway does not start: "+err.Error(), "put that right, or put back the key that belongs to this folder")
		return nil
	}
	count, bad := 0, 0
	for _, part := range (&App{cfg: d.Config, store: s, ring: ring}).sealedParts() {
		err := part.view.view.Scan(ctx, prefixRange([]byte(part.prefix)), func(key, raw []byte) error {
			count++
			if missing {
				return nil
			}
			if _, _, err := ring.Open(part.view.place(string(key)), raw); err != nil {
				bad++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	const goOn = "put back the key that belongs to this folder from where it was kept, or set gateway.secret_key; without it users and settings with secrets are lost"
	switch {
	case missing && count == 0:
		d.say(Fine, keyFile, "there is none, and no secrets either; the first start makes it", "")
	case missing:
		d.say(Damage, keyFile, fmt.Sprintf("is missing, and %d secrets in the store need it", count), goOn)
	case bad > 0:
		d.say(Damage, keyFile, fmt.Sprintf("does not open %d of %d secrets in the store", bad, count), goOn)
	default:
		d.say(Fine, keyFile, fmt.Sprintf("opens all %d secrets in the store", count), "")
	}
	return nil
}

// existingRing is [openRing] that makes no key.
func existingRing(cfg *config.Config) (*seal.Ring, error) {
	if _, err := os.Stat(filepath.Join(cfg.Gateway.Data, keyFile)); err != nil && cfg.Gateway.SecretKey.IsZero() {
		return nil, err
	}
	return openRing(cfg)
}
