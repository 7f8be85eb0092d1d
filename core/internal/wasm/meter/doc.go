// Package meter makes the CPU time of WebAssembly guests countable and bounded, by rewriting their files before compilation.
//
// The code that wazero generates cannot be preempted: while a guest computes, the Go garbage collector waits for it, and
// with the collector the whole process. Its own remedy (closing on context done) costs several times the run time. Rewrite costs
// about a tenth (README.md has the measurements).
//
// # What is added
//
// Two mutable i64 globals, slice and budget, behind the guest's own: it cannot name them, because every index in the file is
// checked against the number of things that the file itself has. They are exported under SliceGlobal and BudgetGlobal for the host.
// Charge points lower slice. Function entries and branches back to a loop also look whether it is below zero and call an appended
// function then, which leaves the generated code (memory.grow by no pages), so that the collector and other goroutines run, and takes
// the next slice off the budget, or traps (unreachable) when both are spent. Account is the host's arithmetic. Functions with loops
// get a local more and keep slice there between calls.
//
// Between two such exits lie at most Options.Slice units and the charge of one pass through a function or loop body, which is bounded by the size of the code;
// a guest may overdraw its budget by as much.
// memory.copy and memory.fill run in parts of 64 KiB, or one of them would take as long as the guest's memory allows: some
// milliseconds for 64 MiB, many where pages are touched for the first time. memory.init is bounded by the file, table instructions by the
// 100,000 entries that a table may grow to.
//
// # What is charged
//
// One unit is one simple instruction. Structure (block, loop, else, end, nop) is free; calls cost 4, indirect calls 8,
// divisions, square roots and bulk instructions 8, and what leaves the generated code 64; see opcodes.go. A loop pays 1 more for each pass and a function 1 for its entry.
//
// A function entry pays for the body outside loops, a loop header for its body outside nested loops, each time control passes
// it. Parts that can be jumped over (arms of an if, code after a block that is branched out of) pay for themselves
// when control reaches them, except small ones, which the part before them pays. So what is charged is never less than what is executed, and in Go guests two to four times as much.
//
// Instructions whose run time depends on an operand pay for it before they run: memory.copy, memory.fill and memory.init a
// unit for 4 bytes (outside the caches a processor moves no more in the time of an instruction), table.copy, table.fill
// and table.init a unit for an entry, memory.grow 4096 units for a page (nothing if no memory can be that large),
// table.grow 64 units for an entry, because nothing else limits the host's memory there.
//
// The same input costs the same on every machine and on both wazero engines.
package meter
