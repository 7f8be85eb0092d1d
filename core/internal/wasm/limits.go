package wasm

import "time"

// Limits bound one instance of a plugin. Zero values take the defaults.
type Limits struct {
	// CPU is the budget of one task, in million metered units (package meter).
	CPU int
	// Timeout bounds a task that comes without a nearer deadline.
	Timeout time.Duration
	// MaxTasks bounds the tasks inside one guest, those that wait for their turn
	// included. With 1, guests are exclusive: tasks wait for a free guest instead of
	// being refused.
	MaxTasks int
	// Guests bounds the number of guests that take new tasks.
	Guests int
	// RecycleMB is the memory above which a guest is replaced: WebAssembly memory
	// never shrinks. See [Pool.recycle] for when.
	RecycleMB int
}

// Defaults of [Limits].
const (
	// DefaultCPU is between a fifth of a second and one second of a processor:
	// compiled Go spends 5 to 12 units in a nanosecond, tight arithmetic up to 27. A
	// usual task spends 0.1 million. It is also the longest that one task can keep
	// the others of its guest waiting, so it should not be much more.
	DefaultCPU = 5000

	DefaultTimeout  = 30 * time.Second
	DefaultMaxTasks = 20_000
	DefaultGuests   = 2

	// DefaultExclusiveGuests is for one task per guest, where it bounds the tasks
	// that are served at a time. Guests are made as they are needed.
	DefaultExclusiveGuests = 32
)

// unitsPerNanosecond converts time that a guest makes the host spend into units
// of its budget.
const unitsPerNanosecond = 8

const million = 1_000_000

func (l Limits) withDefaults(memoryMB int) Limits {
	if l.CPU <= 0 {
		l.CPU = DefaultCPU
	}
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	if l.MaxTasks <= 0 {
		l.MaxTasks = DefaultMaxTasks
	}
	if l.Guests <= 0 {
		l.Guests = DefaultGuests
		if l.exclusive() {
			l.Guests = DefaultExclusiveGuests
		}
	}
	if l.RecycleMB <= 0 {
		l.RecycleMB = memoryMB / 2
	}
	return l
}

func (l Limits) exclusive() bool { return l.MaxTasks == 1 }

// fuel is the budget in units.
func (l Limits) fuel() int64 { return int64(l.CPU) * million }
