package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	callRate    = 200 // calls started in a second
	callsFor    = 60 * time.Second
	callWorkers = 100 // callers; a call takes about 60 ms
	// callPatience bounds the part on a machine that cannot keep up.
	callPatience = 20 * time.Second
	pathAdd      = "/contact/add"
)

// placed is one call that the gateway was asked for.
type placed struct {
	number string // dialled by no other call
	uuid   string // as answered
	wait   time.Duration
	late   time.Duration // how much later than planned it was asked for
}

// sandboxCall is what FreeSWITCH knows of a call.
type sandboxCall struct {
	UUID        string    `json:"uuid"`
	Destination string    `json:"destination"`
	At          time.Time `json:"at"`
}

// steadyCalls places calls at a steady rate, whether the earlier ones are answered or not, and
// then compares every answer with what FreeSWITCH did.
func (b *bench) steadyCalls(ctx context.Context, s side, w *world) error {
	calls, wrong, err := placeCalls(ctx, s, callRate, callsFor)
	if err != nil {
		return err
	}
	var known []sandboxCall
	if err := w.ask(ctx, http.MethodGet, "/calls", &known); err != nil {
		return err
	}
	wrong = append(wrong, mismatches(calls, known)...)
	slices.SortFunc(calls, func(a, b placed) int { return int(a.wait - b.wait) })
	var late time.Duration
	for _, c := range calls {
		late = max(late, c.late)
	}
	b.atMost("200 calls a second for 60 s: wrong answers", float64(len(wrong)), 0, "", "%d calls; asked for with at most %.0f ms delay; answered in %.0f ms (median), %.0f ms (p99), of which 50 ms the telephone rings",
		len(calls), ms(late), ms(calls[len(calls)/2].wait), ms(calls[min(len(calls)*99/100, len(calls)-1)].wait))
	b.atLeast("200 calls a second for 60 s: started by FreeSWITCH", startRate(calls, known), callRate*0.99, "/s", "from its own record, first to last call")
	if len(wrong) > 0 {
		b.note("the first wrong answer", "%s", wrong[0])
	}
	return nil
}

// placeCalls asks for calls and returns them with the answers that were no calls.
func placeCalls(ctx context.Context, s side, rate int, length time.Duration) (calls []placed, wrong []string, err error) {
	total := int(length.Seconds() * float64(rate))
	calls = make([]placed, total)
	conns := make([]*conn, callWorkers)
	for i := range conns {
		if conns[i], err = dial(s.address); err != nil {
			return nil, nil, err
		}
		defer func() { _ = conns[i].Close() }()
	}
	next := make(chan int, total)
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for _, c := range conns {
		wg.Go(func() {
			for i := range next {
				if time.Since(began) > length+callPatience {
					mu.Lock()
					wrong = append(wrong, "not even asked for: gateway or machine are too slow")
					mu.Unlock()
					continue
				}
				due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
				calls[i].late = time.Since(due)
				if text := calls[i].place(c, s, i); text != "" {
					mu.Lock()
					wrong = append(wrong, text)
					mu.Unlock()
				}
				calls[i].wait = time.Since(due) // from when it was due: a gateway that lets callers queue is not fast
			}
		})
	}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := 0; i < total && ctx.Err() == nil; {
		<-tick.C
		// A ticker drops what nobody takes in time; the plan does not.
		for due := min(total, int(time.Since(began).Seconds()*float64(rate))); i < due; i++ {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	return calls, wrong, ctx.Err()
}

// place asks for call number i; it returns what is wrong with the answer.
func (p *placed) place(c *conn, s side, i int) string {
	// Numbers that end in 9901 to 9903 have an outcome of their own in the sandbox.
	p.number = fmt.Sprintf("8910%03d%04d", 1+i/9000, i%9000)
	body := fmt.Sprintf(`{"called_number":%q,"caller_number":"1002","sip":"1001"}`, p.number)
	a, err := c.do(request("POST", s.address, pathAdd, s.token, body), true)
	if err != nil {
		return err.Error()
	}
	var said struct{ Message string }
	if a.status != 200 || json.Unmarshal(a.body, &said) != nil {
		return fmt.Sprintf("%s: status %d %.200s", p.number, a.status, a.body)
	}
	uuid, accepted := strings.CutPrefix(strings.TrimSuffix(said.Message, "\n"), "+OK ")
	if !accepted {
		return fmt.Sprintf("%s: answer %q", p.number, said.Message)
	}
	p.uuid = uuid
	return ""
}

// mismatches names every call whose answer is not its own: an id that FreeSWITCH does not know,
// that stands for another number, or that two answers hold; and every call that nobody asked for.
func mismatches(calls []placed, known []sandboxCall) []string {
	byID := map[string]string{}
	for _, k := range known {
		byID[k.UUID] = k.Destination
	}
	var wrong []string
	for _, c := range calls {
		if c.uuid == "" {
			continue // counted where it was answered
		}
		switch number, ok := byID[c.uuid]; {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s: FreeSWITCH knows no call %s, or two answers hold it", c.number, c.uuid))
		case !sameNumber(number, c.number):
			wrong = append(wrong, fmt.Sprintf("%s: call %s is to %s", c.number, c.uuid, number))
		}
		delete(byID, c.uuid)
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if number := byID[id]; isNational(number) {
			wrong = append(wrong, fmt.Sprintf("call %s to %s: its answer never came, or it was placed twice", id, number))
		}
	}
	return wrong
}

// sameNumber compares numbers that the gateway may have written another way: 8910…, +7910….
func sameNumber(a, b string) bool { return national(a) == national(b) }

func national(number string) string {
	for _, prefix := range []string{"+7", "8", "7"} {
		if rest, ok := strings.CutPrefix(number, prefix); ok && len(rest) == 10 {
			return rest
		}
	}
	return number
}

// isNational tells the calls through /contact/add from those of the bare client.
func isNational(number string) bool { return len(national(number)) == 10 }

// startRate is how many of the calls FreeSWITCH started in a second.
func startRate(calls []placed, known []sandboxCall) float64 {
	own := map[string]bool{}
	for _, c := range calls {
		own[c.uuid] = true
	}
	var starts []time.Time
	for _, k := range known {
		if own[k.UUID] {
			starts = append(starts, k.At)
		}
	}
	if len(starts) < 2 {
		return 0
	}
	slices.SortFunc(starts, time.Time.Compare)
	return float64(len(starts)-1) / starts[len(starts)-1].Sub(starts[0]).Seconds()
}
