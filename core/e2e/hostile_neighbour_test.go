package e2e

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

var neighbourTime = flag.Duration("neighbour", 250*time.Millisecond, "how long TestHostileNeighbour measures each side of each pair")

// TestHostileNeighbour measures what the caller of one plugin notices of another
// one that misbehaves: the time of report/users, one request after the other, in
// turns without and with two callers who attack. It proves that every answer is
// right; the figures are for people, because they depend on the machine:
//
//	go test ./core/e2e -run HostileNeighbour -v -neighbour 5s
func TestHostileNeighbour(t *testing.T) {
	w := newHostileWorld(t, "127.0.0.1:1", false)
	attackers := []string{"evil-hog", "evil-loop", "evil-fill", "evil-bomb", "evil-recursion", "evil-flood", "evil-silent", "evil-text", "evil-size"}
	for _, id := range attackers {
		w.switchOn(t, id)
	}
	want := w.post(t, "/report/users", "")
	measure := func() []time.Duration {
		var times []time.Duration
		for end := time.Now().Add(*neighbourTime); time.Now().Before(end) || len(times) == 0; {
			began := time.Now()
			got, err := w.send("POST", "/report/users", "", "Authorization", "Bearer "+w.token)
			times = append(times, time.Since(began))
			if err != nil || got.status != 200 || got.body != want.body {
				t.Errorf("the victim got %d %s, %v", got.status, got.body, err)
			}
			time.Sleep(time.Millisecond) // a caller, not a load
		}
		slices.Sort(times)
		return times
	}
	fmt.Println("hostile neighbour: time of another plugin's answer, without and with the attack")
	for _, id := range attackers {
		quiet := measure()
		attacks, stop := w.attack(id)
		loud := measure()
		close(stop)
		n := attacks()
		if n == 0 {
			t.Errorf("%s was never attacked", id)
		}
		p50, p99 := percentile(quiet, 50), percentile(quiet, 99)
		l50, l99 := percentile(loud, 50), percentile(loud, 99)
		fmt.Printf("  %-15s p50 %7.2f → %7.2f ms   p99 %7.2f → %7.2f ms   ratio %5.2f   (%d attacks)\n",
			id, ms(p50), ms(l50), ms(p99), ms(l99), float64(l99)/float64(p99), n)
	}
}

// attack lets two callers attack until stop is closed; the function waits for them
// and returns how often they did.
func (w *world) attack(id string) (func() int, chan struct{}) {
	stop := make(chan struct{})
	counts := make([]int, 2)
	var callers sync.WaitGroup
	for i := range counts {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := w.send("POST", "/"+id+"/attack", "", "Authorization", "Bearer "+w.token)
				if err == nil && (a.status == 200 || a.status == 502) {
					counts[i]++
				}
				if a.header.Get("Retry-After") != "" { // backing off: it comes again, but is no flood of requests
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	return func() int { callers.Wait(); return counts[0] + counts[1] }, stop
}

func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
