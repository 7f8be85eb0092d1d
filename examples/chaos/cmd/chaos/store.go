package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// stores takes a backup of a running gateway and damages what lies on the disk.
func stores(ctx context.Context, c *chaos) error {
	w, err := c.newWorld(ctx, "store", node+aggregator+statistics, nil)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.boot(ctx); err != nil {
		return err
	}
	if err := backup(ctx, c, w); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	crashed := filepath.Join(w.dir, "crashed")
	w.gateway.Kill()
	if err := copyData(w.data, crashed); err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	if err := w.gateway.Stop(ctx); err != nil {
		return err
	}
	return damages(ctx, c, w, crashed)
}

// tool runs a command of the gateway's binary and returns its whole output.
func (w *world) tool(ctx context.Context, args ...string) (string, int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.binary, args...)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = ctx.Err()
	}
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	return strings.Join(strings.Fields(string(out)), " "), code, err
}

func backup(ctx context.Context, c *chaos, w *world) error {
	t := c.trial("store", "backup of the running gateway under load, restored into an empty folder")
	l := w.newLoad(ctx, 6, false, mixed)
	defer l.stop()
	if _, err := program.Eventually(ctx, 20*time.Second, "some load", func() bool { return l.ledger.count(answered) > 300 }); err != nil {
		return err
	}
	before := slices.DeleteFunc(l.ledger.all(), func(a *attempt) bool { return !a.answered })
	keyed := newSMS(goodNumber)
	keyed.key = keyed.tag
	w.try(ctx, keyed)
	before = append(before, keyed)
	file := filepath.Join(w.dir, "gateway.backup")
	began := time.Now()
	out, code, err := w.tool(ctx, "backup", "--data", w.data, "--with-key", file)
	if err != nil || code != 0 {
		t.miss("backup: exit code %d %.300s %v", code, out, err)
		return nil
	}
	took := time.Since(began)
	l.stop()
	for _, a := range l.ledger.all() {
		if !a.answered || a.answer.status >= 500 && !strings.Contains(a.answer.body, "USER_BUSY") {
			t.miss("%s during the backup: %d %.100s %v", a.path, a.answer.status, a.answer.body, a.err)
		}
	}
	original := newBook()
	if err := original.read(ctx, w, t); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	t.figure("%d KiB in %s", info.Size()>>10, took.Round(10*time.Millisecond))
	if err := compareRestored(ctx, t, w, file, before, original); err != nil {
		return err
	}
	w.restoreOverItself(ctx, c, file)
	return damagedBackups(ctx, c, w, file)
}

// second is a world on other data, with the same users and the same neighbours.
func (w *world) second(data string) (*world, error) {
	other := *w
	other.data, other.dir, other.client, other.gateway = data, filepath.Dir(data), newClient(), nil
	var err error
	other.listen, err = program.FreeAddress()
	return &other, err
}

func compareRestored(ctx context.Context, t *trial, w *world, file string, before []*attempt, original *book) error {
	folder, err := w.chaos.folder("restored")
	if err != nil {
		return err
	}
	other, err := w.second(filepath.Join(folder, "data"))
	if err != nil {
		return err
	}
	out, code, err := w.tool(ctx, "restore", "--data", other.data, file)
	if err != nil || code != 0 {
		t.miss("restore: exit code %d %.300s %v", code, out, err)
		return nil
	}
	if err := other.start(ctx); err != nil {
		t.miss("start on the restored data: %v", err)
		return nil
	}
	defer other.gateway.Kill()
	restored := newBook()
	if err := restored.read(ctx, other, t); err != nil {
		return err
	}
	if a, err := other.send(ctx, "POST", "/report/users", ""); err != nil || a.status != http.StatusOK {
		t.miss("the integrator's token: %d %.100s %v", a.status, a.body, err)
	}
	again := *before[len(before)-1]
	if other.try(ctx, &again); !again.accepted() {
		t.miss("the Idempotency-Key of an SMS was answered %d %.100s", again.answer.status, again.answer.body)
	}
	if messages, err := w.sandbox.messages(ctx); err != nil || count(messages, again.tag) != 1 {
		t.miss("the SMS with an Idempotency-Key was sent %d times by both gateways %v", count(messages, again.tag), err)
	}
	compareSettings(ctx, t, w, other)
	there := map[string]bool{}
	for kind, rows := range restored.rows {
		for id, r := range rows {
			there[r.RequestID] = true
			// Its outcome may have come after the moment of the backup.
			known := original.rows[kind][id]
			if r.RequestID != known.RequestID || r.Message != known.Message {
				t.miss("%s %d is another one than in the original", kind, id)
			}
		}
	}
	for _, a := range before {
		if !there[a.answer.requestID] {
			t.miss("%s, answered before the backup, is not in the restored journal", a.answer.requestID)
		}
	}
	t.claim("%d requests answered before it, all there; %d records compared", len(before), len(restored.rows["requests"])+len(restored.rows["sms"])+len(restored.rows["calls"]))
	return nil
}

// count is how many messages have the text.
func count(messages []message, text string) int {
	n := 0
	for _, m := range messages {
		if m.Text == text {
			n++
		}
	}
	return n
}

// compareSettings holds what is in force, users and audit records against each other.
func compareSettings(ctx context.Context, t *trial, a, b *world) {
	for _, path := range []string{"/export?users=true", "/users/" + integrator, "/journal/audit?order=oldest&limit=1000"} {
		var one, two json.RawMessage
		if err := errors.Join(a.admin(ctx, "GET", path, "", &one), b.admin(ctx, "GET", path, "", &two)); err != nil {
			t.miss("compare %s: %v", path, err)
		} else if !bytes.Equal(one, two) {
			t.miss("%s differs: %.400s / %.400s", path, one, two)
		}
	}
}

// restoreOverItself tries to restore into the folder of a gateway that runs.
func (w *world) restoreOverItself(ctx context.Context, c *chaos, file string) {
	t := c.trial("store", "restore into the data folder of a running gateway")
	out, code, err := w.tool(ctx, "restore", "--data", w.data, file)
	if err != nil || code == 0 {
		t.miss("exit code %d %.200s %v", code, out, err)
	}
	if a, err := w.send(ctx, "POST", "/report/users", ""); err != nil || a.status != http.StatusOK {
		t.miss("the gateway afterwards: %d %.100s %v", a.status, a.body, err)
	}
	t.claim("refused, the gateway runs on")
}

// damagedBackups must be refused, and leave nothing that looks like data.
func damagedBackups(ctx context.Context, c *chaos, w *world, file string) error {
	t := c.trial("store", "restore of damaged backups")
	whole, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cases := map[string][]byte{"empty": {}, "cut in half": whole[:len(whole)/2], "cut at the last byte": whole[:len(whole)-1], "something else": bytes.Repeat([]byte("x"), 4096)}
	for range 6 {
		at := c.random.IntN(len(whole))
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x20
		cases[fmt.Sprintf("byte %d of %d changed", at, len(whole))] = flipped
	}
	for what, content := range cases {
		folder, err := c.folder("damaged")
		if err != nil {
			return err
		}
		bad, data := filepath.Join(folder, "bad.backup"), filepath.Join(folder, "data")
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			return err
		}
		out, code, err := w.tool(ctx, "restore", "--data", data, bad)
		if err != nil || code == 0 || strings.Contains(out, "goroutine ") {
			t.miss("%s: exit code %d %.200s %v", what, code, out, err)
		}
		if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
			t.miss("%s: a refused restore left %d entries in the data folder", what, len(entries))
		}
	}
	t.claim("%d of %d refused, nothing left behind", len(cases), len(cases))
	return nil
}

// damage is one way in which the files of a stopped gateway break.
type damage struct {
	what string
	glob string // below the data folder; the largest file that fits is hit
	hit  func([]byte) []byte
	sane bool // nothing to complain about

	crashed bool // the gateway was killed before, so its log holds what no table has yet
	mild    bool // it may be what a power cut leaves: the doctor warns
}

func flip(share float64) func([]byte) []byte {
	return func(b []byte) []byte {
		if len(b) > 0 {
			b[int(share*float64(len(b)-1))] ^= 0x20
		}
		return b
	}
}

func half(b []byte) []byte { return b[:len(b)/2] }

// A log is made longer than what is in it.
func written(b []byte) int { return len(bytes.TrimRight(b, "\x00")) }

func flipEarly(b []byte) []byte {
	b[written(b)/3] ^= 0x20
	return b
}

func short(b []byte) []byte { return b[:written(b)*2/3] }

// gone removes the file.
func gone([]byte) []byte { return nil }

func storeDamages() []damage {
	return []damage{
		{what: "nothing", sane: true},
		{what: "nothing, after kill -9", sane: true, crashed: true},
		{what: "a log with one changed byte", glob: "store/*.mem", hit: flipEarly, crashed: true},
		{what: "a log cut short", glob: "store/*.mem", hit: short, crashed: true, mild: true},
		{what: "a table with one changed byte", glob: "store/*.sst", hit: flip(0.3)},
		{what: "a table cut in half", glob: "store/*.sst", hit: half},
		{what: "a table is gone", glob: "store/*.sst", hit: gone},
		{what: "the manifest with one changed byte", glob: "store/MANIFEST", hit: flip(0.5)},
		{what: "the manifest cut in half", glob: "store/MANIFEST", hit: half},
		{what: "the manifest is gone", glob: "store/MANIFEST", hit: gone},
		{what: "the key of the secrets is gone", glob: "secret.key", hit: gone},
	}
}

// damages breaks copies of the data, asks the doctor, and starts the gateway on them
// all the same: it serves or says why not.
func damages(ctx context.Context, c *chaos, w *world, crashed string) error {
	for _, d := range storeDamages() {
		t := c.trial("store", "doctor: %s", d.what)
		folder, err := c.folder("patient")
		if err != nil {
			return err
		}
		other, err := w.second(filepath.Join(folder, "data"))
		if err != nil {
			return err
		}
		source := w.data
		if d.crashed {
			source = crashed
		}
		if err := copyData(source, other.data); err != nil {
			return err
		}
		if d.hit != nil {
			if err := d.inflict(other.data); err != nil {
				t.skip("%v", err)
				continue
			}
		}
		out, code, err := other.tool(ctx, "doctor", "--data", other.data)
		switch {
		case err != nil || strings.Contains(out, "goroutine "):
			t.miss("the doctor broke: %d %.300s %v", code, out, err)
		case d.sane && code != 0:
			t.miss("the doctor complains about nothing: %d %.900s", code, out)
		case !d.sane && (code == 0) != d.mild:
			t.miss("the doctor did not notice: %d %.900s", code, out)
		case !d.sane && !strings.Contains(out, "→"):
			t.miss("the doctor does not say how to go on: %.300s", out)
		}
		err = other.start(ctx)
		switch {
		case other.gateway.Broken() != "":
			t.miss("the gateway broke: %s", other.gateway.Broken())
		case err != nil && d.sane:
			t.miss("the gateway does not start: %v", err)
		case err != nil:
			t.claim("the doctor says so; the gateway refuses to start")
		case d.sane:
			t.claim("healthy, the gateway starts")
		default:
			t.claim("the doctor says so; the gateway starts and serves what is left")
		}
		other.gateway.Kill()
	}
	return nil
}

// inflict damages the largest file that fits.
func (d *damage) inflict(data string) error {
	paths, err := filepath.Glob(filepath.Join(data, d.glob))
	if err != nil {
		return err
	}
	var victim string
	var size int64 = -1
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Size() > size {
			victim, size = p, info.Size()
		}
	}
	if victim == "" {
		return fmt.Errorf("there is no %s", d.glob)
	}
	raw, err := os.ReadFile(victim)
	if err != nil {
		return err
	}
	if raw = d.hit(raw); raw == nil {
		return os.Remove(victim)
	}
	return os.WriteFile(victim, raw, 0o600)
}

// copyData copies a data folder, without the cache and sockets.
func copyData(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case rel == "cache":
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, raw, 0o600)
	})
}
