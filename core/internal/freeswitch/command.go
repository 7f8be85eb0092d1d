package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
)

// command runs one api command in the background of the node and returns its output, an error text of FreeSWITCH
// included. The caller's ctx must have a deadline.
//
// # Errors
//
// ErrUnknownOutcome when it was sent and may have run. Everything else means that it did not run: ErrNodeDown,
// ErrUnsafeCommand, ErrPermission, ErrRefused.
func (n *node) command(ctx context.Context, verb, args string) (string, error) {
	if err := n.ready(); err != nil {
		return "", err
	}
	id := uuid.NewString()
	done, err := n.jobs.add(id)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNodeDown, err)
	}
	defer n.jobs.remove(id)
	if err := n.submit(ctx, id, verb, args); err != nil {
		select {
		case r := <-done: // the result counts, whatever became of the acknowledgement
			if r.err == nil {
				return string(r.body), nil
			}
		default:
		}
		return "", err
	}
	select {
	case r := <-done:
		if r.err != nil {
			return "", fmt.Errorf("%w: %w", ErrUnknownOutcome, r.err)
		}
		return string(r.body), nil
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrUnknownOutcome, ctx.Err())
	}
}

// submit hands the job to FreeSWITCH and gives the connection back; the job goes on without it.
func (n *node) submit(ctx context.Context, id, verb, args string) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.CommandTimeout)
	defer cancel()
	conn, err := n.pool.acquire(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNodeDown, err)
	}
	defer n.pool.release(conn)
	reply, err := conn.Do(ctx, esl.BgAPI(verb, args, id))
	var send *esl.SendError
	switch {
	case errors.Is(err, ErrUnsafeCommand):
		return ErrUnsafeCommand
	case errors.As(err, &send) && send.Sent:
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, send.Err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNodeDown, err)
	}
	err = checkAck(reply, id)
	if errors.Is(err, esl.ErrOutOfStep) {
		conn.Fail(err)
	}
	return err
}

// checkAck makes sure that the acknowledgement is the one of our job.
//
// # Errors
//
// A refusal of FreeSWITCH (nothing runs), or ErrUnknownOutcome with esl.ErrOutOfStep for somebody else's acknowledgement.
func checkAck(reply esl.Reply, id string) error {
	if reply.Type == esl.TypeReply {
		if strings.HasPrefix(reply.Text, "+OK") && reply.Header.Get("Job-UUID") == id {
			return nil
		}
		if err := replyError(reply.Text); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, esl.ErrOutOfStep)
}

// API runs one api command on a node and returns its raw output, which may be an error text of FreeSWITCH. The verb must be
// one word. It waits at most the node's CommandTimeout, or ctx if that ends earlier; a slow command delays no other.
//
// Which verbs a caller may use is the caller's business; args must not contain "${" or "$${", which FreeSWITCH expands with
// every command it has, whatever the verb.
//
// # Errors
//
// ErrUnknownNode, ErrUnsafeCommand, ErrNodeDown, ErrPermission (nothing was run); ErrUnknownOutcome (it may have run).
func (l *Link) API(ctx context.Context, nodeName, verb, args string) (string, error) {
	n, err := l.node(nodeName)
	if err != nil {
		return "", err
	}
	if !isWord(verb, "_") || strings.Contains(args, "${") {
		return "", fmt.Errorf("verb %.40q: %w", verb, ErrUnsafeCommand)
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.CommandTimeout)
	defer cancel()
	return n.command(ctx, verb, args)
}
