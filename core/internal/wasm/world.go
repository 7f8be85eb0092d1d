package wasm

import (
	"crypto/rand"
	"time"

	"github.com/tetratelabs/wazero"
)

// moduleConfig is the world of a guest: a real clock and real randomness
// (wazero's defaults are fake), no files, no arguments. What the host does for
// the guest in here is booked on the guest's CPU budget, or a loop around a
// system call would cost the host far more than the guest pays.
func (g *guest) moduleConfig() wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName("").
		WithStartFunctions().
		WithRandSource(meteredRandom{g}).
		WithSysWalltime().
		WithSysNanotime().
		WithNanosleep(g.sleep).
		WithStdout(&g.stdout).
		WithStderr(&g.stderr)
}

// What the host's work costs the guest, in units.
const (
	unitsPerMessage    = 500 // and one for 4 bytes, as memory.copy
	bytesPerUnit       = 4
	unitsPerLine       = 20_000 // formatting and writing a log line
	unitsPerByteText   = 8      // cutting output into lines
	unitsPerRandomByte = 8
)

// charge books host work. It is called by imports only, while the guest waits for
// them; a guest that cannot pay traps as soon as it goes on.
func (g *guest) charge(units int64) { g.slice.Set(uint64(int64(g.slice.Get()) - units)) }

// chargeMessage books the copying of a message.
func (g *guest) chargeMessage(size int) { g.charge(unitsPerMessage + int64(size)/bytesPerUnit) }

// broke reports that the guest has nothing left to pay with.
func (g *guest) broke() bool { return int64(g.slice.Get())+int64(g.budget.Get()) < 0 }

// sleep lets a guest sleep on its own CPU budget, because it keeps the guest's
// other tasks waiting as computing would. Waiting belongs to the host.
func (g *guest) sleep(ns int64) {
	g.charge(min(max(ns, 0), int64(time.Hour)) * unitsPerNanosecond)
	if !g.broke() {
		g.endTurn()
		time.Sleep(time.Duration(ns))
	}
}

type meteredRandom struct{ guest *guest }

func (r meteredRandom) Read(p []byte) (int, error) {
	r.guest.charge(int64(len(p)) * unitsPerRandomByte)
	if r.guest.broke() {
		return 0, errBroke
	}
	return rand.Read(p)
}
