package descriptors

// Waiting is how many wait.
func Waiting(b *Budget) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.Len()
}
