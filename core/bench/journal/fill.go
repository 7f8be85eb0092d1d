package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// What is there once, in the middle of everything.
const (
	rareUser  = "once-a-year"
	rarePhone = "79030000001"
)

// spanDays is how long the time is that the records are spread over.
const spanDays = 100

// clock is the time that the journal is told while it is being filled.
type clock struct {
	first   time.Time
	step    time.Duration
	written atomic.Int64
	live    atomic.Bool // filled: the time is now
}

func (c *clock) now() time.Time {
	if c.live.Load() {
		return time.Now()
	}
	return c.first.Add(c.step * time.Duration(c.written.Load()))
}

func (c *clock) at(part float64) time.Time {
	return c.first.Add(time.Duration(part * spanDays * 24 * float64(time.Hour)))
}

// spread runs do for every number below n, from several goroutines.
func spread(workers, n int, do func(int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// fill writes rows requests and what belongs to them.
func fill(ctx context.Context, j *journal.Journal, c *clock, workers, rows int) error {
	return spread(workers, rows, func(i int) error {
		r := request(i)
		if i == rows/2 {
			r.User = rareUser
		}
		_, err := j.AppendRequest(ctx, r)
		if err == nil && i%30 == 0 {
			err = message(ctx, j, i, rows)
		}
		if err == nil && i%100 == 0 {
			_, err = j.AppendAudit(ctx, audit(i))
		}
		c.written.Add(1)
		return err
	})
}

var actions = [...][2]string{
	{"contact", "add"}, {"contact", "tiers"}, {"contact", "queues"}, {"contact", "tier"},
	{"sms", "send"}, {"onlinestat", "get"}, {"report", "request"},
}

var users = [...]string{"API-TEST", "crm-prod", "dialer-2", "wallboard"}

// request is a typical record; one in twenty is refused.
func request(i int) journal.Request {
	a := actions[i%len(actions)]
	r := journal.Request{
		Module: a[0], Action: a[1], Status: 200,
		Body:      fmt.Sprintf(`{"called_number":"7919***%02d","caller_number":"%d","sip":"agent%d"}`, i%100, 1000+i%50, i%200),
		User:      users[i%len(users)],
		IP:        fmt.Sprintf("10.20.%d.%d", i%4, i%250),
		Duration:  time.Duration(800+i%9000) * time.Microsecond,
		RequestID: requestID(i),
	}
	if i%20 == 0 {
		r.Status, r.Error, r.Reason = 405, "Access denied!", "no right"
	}
	return r
}

func requestID(i int) string {
	return fmt.Sprintf("%016x%016x", uint64(i+1)*0x9e3779b97f4a7c15, uint64(i+1)*0xc2b2ae3d27d4eb4f)
}

func message(ctx context.Context, j *journal.Journal, i, rows int) error {
	phone := fmt.Sprintf("79%09d", (uint64(i)*2654435761)%1_000_000_000)
	if i == rows/2/30*30 {
		phone = rarePhone
	}
	id, err := j.BeginSMS(ctx, journal.SMS{
		Module: "sms", Phone: phone, Originator: "PATCHBAY", Message: fmt.Sprintf("Your order %d is ready, call us back", i),
		User: users[i%len(users)], RequestID: requestID(i), Provider: "kannel",
	})
	if err != nil {
		return err
	}
	o := journal.SMSOutcome{Result: journal.ResultOK, Module: "sms", Provider: "kannel", MessageID: fmt.Sprintf("m-%d", i), Segments: 1}
	if i%600 == 0 {
		o.Result, o.Detail = journal.ResultError, "refused"
	}
	if err := j.EndSMS(ctx, id, o); err != nil {
		return err
	}
	if i%90 != 0 {
		return nil
	}
	_, err = j.ApplyReceipts(ctx, []journal.Receipt{{Module: "sms", Instance: "kannel", MessageID: o.MessageID, Status: journal.StatusDelivered}})
	return err
}

func audit(i int) journal.Audit {
	return journal.Audit{
		User: "admin", IP: "10.0.0.7", Action: "module.settings", Object: "sms", Before: fmt.Sprintf(`{"limit":"%d/s"}`, i%50),
		After: fmt.Sprintf(`{"limit":"%d/s"}`, i%50+1), RequestID: requestID(i),
	}
}

var errEmpty = errors.New("the page is empty")
