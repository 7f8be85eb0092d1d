package guard

import (
	"errors"
	"strings"
	"sync"
	"time"
)

// night is the part of a day in which nobody is disturbed. nil is no night.
type night struct {
	from, to time.Duration // since midnight; from > to spans midnight
	zone     *time.Location
	local    bool      // by the number's time zone when it is known
	zones    *sync.Map // name → *time.Location, nil for unknown names
}

// parseNight reads "22:00-08:00", "" for no night.
func parseNight(text string, local bool, zone *time.Location) (*night, error) {
	if text == "" {
		return nil, nil
	}
	bad := errors.New("is not a time of the day such as 22:00-08:00")
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return nil, bad
	}
	n := &night{zone: zone, local: local, zones: &sync.Map{}}
	var err error
	if n.from, err = clock(from); err != nil {
		return nil, bad
	}
	if n.to, err = clock(to); err != nil {
		return nil, bad
	}
	if n.from == n.to {
		return nil, errors.New("begins when it ends; to refuse everything, switch the action off")
	}
	return n, nil
}

// clock reads "22:00" as the time since midnight.
func clock(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// wait is how long the night goes on for a number, 0 in the day. A number that may
// be in several time zones sleeps when it is night in all of them; when it is in some,
// the gateway's decides.
func (n *night) wait(e164 string, now time.Time, zonesOf func(string) []string) time.Duration {
	if n == nil {
		return 0
	}
	here := n.left(now.In(n.zone))
	if !n.local {
		return here
	}
	shortest, longest, known := time.Duration(0), time.Duration(0), 0
	for _, name := range zonesOf(e164) {
		zone := n.location(name)
		if zone == nil {
			continue
		}
		left := n.left(now.In(zone))
		if known++; known == 1 || left < shortest {
			shortest = left
		}
		longest = max(longest, left)
	}
	if known == 0 || shortest == 0 && longest > 0 {
		return here
	}
	return shortest
}

func (n *night) location(name string) *time.Location {
	if v, ok := n.zones.Load(name); ok {
		zone, _ := v.(*time.Location)
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = nil
	}
	n.zones.Store(name, zone)
	return zone
}

// left is what is left of the night on the clock of t.
func (n *night) left(t time.Time) time.Duration {
	const day = 24 * time.Hour
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	since := (at - n.from + day) % day
	length := (n.to - n.from + day) % day
	if since >= length {
		return 0
	}
	return length - since
}
