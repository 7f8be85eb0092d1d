package auth

// WithDerive replaces argon2id, so that tests can count its runs and do not pay for them.
func WithDerive(o Options, derive func(password, salt []byte, p Argon2, length uint32) []byte) Options {
	o.derive = derive
	return o
}

// ParsePasswordHash parses a PHC text and writes it again.
func ParsePasswordHash(text string) (string, Argon2, error) {
	h, err := parsePasswordHash(text)
	if err != nil {
		return "", Argon2{}, err
	}
	return h.String(), h.params, nil
}

// ThrottleEntries is the number of counters that are held.
func (a *Authority) ThrottleEntries() int {
	a.throttle.mu.Lock()
	defer a.throttle.mu.Unlock()
	return len(a.throttle.entries)
}

// LimitThrottle sets how many counters are held.
func (a *Authority) LimitThrottle(n int) { a.throttle.room = n }

// LimitKeys sets how many keys are held.
func (l *Limiter) LimitKeys(n int) { l.room = n / limiterShards }
