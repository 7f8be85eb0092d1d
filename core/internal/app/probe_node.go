package app

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
)

// TestNode connects to one FreeSWITCH with two connections and leaves again.
func (p panel) TestNode(ctx context.Context, t admin.NodeTest) (admin.TestReport, error) {
	release, err := p.probing()
	if err != nil {
		return admin.TestReport{}, err
	}
	defer release()
	node := freeswitch.NodeConfig{Name: "test", Address: t.Address, User: t.User, Password: t.Password, Connections: 1}
	if t.Name != "" {
		known, found := p.app.nodes.Load().find(t.Name)
		if !found {
			return admin.TestReport{}, problem.NotFound("No such node!")
		}
		if node.Address == "" {
			node.Address = known.Address
		}
		// A password goes only where it belongs.
		if node.Password == "" && node.Address == known.Address {
			node.User, node.Password = known.User, known.Password.Reveal()
		}
	}
	link, err := freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{node}}, p.app.log.Named("freeswitch.test"))
	if err != nil {
		return admin.TestReport{}, admin.Reject("node", admin.Violation{Message: err.Error()})
	}
	began := time.Now()
	within, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	link.Start(within)
	settled := link.WaitSettled(within)
	report := admin.TestReport{Checked: "connect", Took: milliseconds(time.Since(began)), Steps: []trace.Step{}}
	h := link.Health()[0]
	switch {
	case h.State == freeswitch.StateUp:
		report.OK, report.Answer = true, map[string]string{"core_uuid": h.CoreUUID, "version": askVersion(within, link, node.Name)}
	case h.Reason != nil:
		report.Error, report.Code = h.Reason.Error(), nodeCode(h.Reason)
	case settled != nil:
		report.Error, report.Code = "no answer within ten seconds", "timeout"
	default:
		report.Error = string(h.State)
	}
	end, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := link.Close(end); err != nil {
		p.app.log.Warn("a tested node's connection did not close", "error", err)
	}
	return report, nil
}

// nodeCode names what keeps a node from being reached, for people who are told what to
// do about it; "" for what is none of the usual.
func nodeCode(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, esl.ErrAuth):
		return "password"
	case errors.Is(err, esl.ErrRejected):
		return "acl"
	case errors.Is(err, freeswitch.ErrPermission):
		return "permission"
	case errors.As(err, &dns):
		return "name"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "timeout"
	case errors.Is(err, esl.ErrProtocol):
		return "stranger"
	}
	return ""
}

// askVersion asks a node that is connected for its version, "" when the user may not.
func askVersion(ctx context.Context, link *freeswitch.Link, node string) string {
	text, err := link.API(ctx, node, "version", "")
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
