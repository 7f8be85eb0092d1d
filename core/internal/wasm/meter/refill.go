package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// Refill returns the index of the function that a rewritten file calls at the end
// of each slice; file is the one before rewriting.
func Refill(file *binary.File) uint32 { return file.Count(binary.KindFunc) }
