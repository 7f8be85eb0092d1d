package meter

// MaxBudget is the largest budget that can be armed. It leaves room for one overdraft.
const MaxBudget = int64(1) << 60

// Account is the host's side of the two globals. The rule behind it: what a guest may still use is always slice + budget.
// Generated code only lowers slice and moves units between the two, so the difference to what was granted is exactly what was charged:
//
//	spent = granted - (slice + budget)
//
// The guest traps (unreachable) at the first check that finds nothing left; slice + budget is negative then, by what was
// charged beyond the grant. One that ends before the next check has overdrawn and is told so by Spent. After another trap
// what was charged since the last call or check may be missing. The two values may be read and armed whenever the guest is
// not running, and by a host function that it has called.
//
// The zero Account is ready; it belongs to one instance and one goroutine at a time.
type Account struct {
	// Slice is Options.Slice as it was given to Rewrite; DefaultSlice if 0.
	Slice   int64
	granted int64
}

// Arm grants budget units (0 … MaxBudget, other values are brought into that range) and returns what the host must set the
// globals SliceGlobal and BudgetGlobal to. What was left of an earlier grant is gone.
func (a *Account) Arm(budget int64) (slice, rest int64) {
	a.granted = min(max(budget, 0), MaxBudget)
	slice = min(a.granted, sliceOrDefault(a.Slice))
	return slice, a.granted - slice
}

// Spent is what was charged since Arm, given the present values of the two globals. It exceeds the grant when the guest has run out.
func (a *Account) Spent(slice, rest int64) int64 { return a.granted - (slice + rest) }

// Exhausted says, given the values of the two globals after a trap, whether the guest trapped because its budget was spent.
func Exhausted(slice, rest int64) bool { return slice+rest < 0 }
