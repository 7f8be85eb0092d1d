package app

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// opPoll is the operation by which the gateway makes a module ask for statuses.
const opPoll = "poll"

const (
	// pollEvery is how often the journal is asked what is due; usually nothing is.
	pollEvery = time.Second
	// pollDue bounds the messages that are looked at in a round, pollBatch those of
	// one task.
	pollDue, pollBatch = 500, 50
	// pollTimeout bounds a task.
	pollTimeout = time.Minute
	// pollLease is when messages are due again that a task does not come to: longer
	// than the task may take.
	pollLease = 2 * pollTimeout
	// pollBusy is how long messages wait whose provider is being asked already, or
	// whose module does not run.
	pollBusy = 10 * time.Second
)

// poller makes modules ask providers for the status of messages that no receipt
// tells about. What is due stands in the journal, so a restart forgets nothing.
type poller struct {
	app  *App
	mu   sync.Mutex
	busy map[pollGroup]bool
	work sync.WaitGroup
}

// pollGroup are the messages of one module at one provider.
type pollGroup struct{ module, provider string }

// pollStatuses runs until ctx ends; then no task is under way any more.
func (a *App) pollStatuses(ctx context.Context) {
	p := &poller{app: a, busy: map[pollGroup]bool{}}
	defer p.work.Wait()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := p.round(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("statuses of SMS cannot be asked for", "error", err)
		}
	}
}

// round begins a task for each group with due messages.
func (p *poller) round(ctx context.Context, now time.Time) error {
	due, err := p.app.journal.DueSMS(ctx, now, pollDue)
	if err != nil || len(due) == 0 {
		return err
	}
	groups := map[pollGroup][]journal.SMS{}
	for _, s := range due {
		g := pollGroup{s.Module, s.Provider}
		groups[g] = append(groups[g], s)
	}
	table := p.app.registry.Table()
	for g, list := range groups {
		m := table.Module(g.module)
		if m == nil || !m.On || len(m.Manifest.Provides) == 0 || !p.begin(g) {
			if err := p.move(ctx, list, now.Add(pollBusy)); err != nil {
				return err
			}
			continue
		}
		list = list[:min(len(list), pollBatch)]
		if err := p.move(ctx, list, now.Add(pollLease)); err != nil {
			p.end(g)
			return err
		}
		p.work.Go(func() {
			defer p.end(g)
			if err := p.ask(ctx, m, g, list, now); err != nil && ctx.Err() == nil {
				p.app.log.Warn("a module does not ask for the status of SMS", "name", g.module, "provider", g.provider, "error", err)
			}
		})
	}
	return nil
}

func (p *poller) begin(g pollGroup) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[g] {
		return false
	}
	p.busy[g] = true
	return true
}

func (p *poller) end(g pollGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, g)
}

// move makes messages due at another time.
func (p *poller) move(ctx context.Context, list []journal.SMS, to time.Time) error {
	receipts := make([]journal.Receipt, len(list))
	for i, s := range list {
		receipts[i] = journal.Receipt{Module: s.Module, Instance: s.Provider, Reference: strconv.FormatUint(s.ID, 10), Check: to}
	}
	_, err := p.app.journal.ApplyReceipts(ctx, receipts)
	return err
}

func (p *poller) ask(ctx context.Context, m *registry.Module, g pollGroup, list []journal.SMS, now time.Time) error {
	ctx, stop := context.WithTimeout(ctx, pollTimeout)
	defer stop()
	var sms abi.List
	for _, s := range list {
		age := int64(max(now.Sub(s.Time), 0) / time.Second)
		sms.Add(new(abi.Object).Str("id", strconv.FormatUint(s.ID, 10)).Str("message_id", s.MessageID).Str("phone", s.CheckPhone).Int("age_s", age).Value())
	}
	point := m.Manifest.Provides[0].Name
	if provider := p.app.registry.Table().Provider(g.provider); provider != nil {
		for _, offered := range m.Manifest.Provides {
			if provider.Serves(offered.Name, "") {
				point = offered.Name
			}
		}
	}
	params := new(abi.Object).Str("instance", g.provider).Set("sms", sms.Value()).Value()
	return ask(ctx, m, abi.Request{Kind: abi.Operation, Point: point, Name: opPoll, Params: params, Instance: g.provider})
}
