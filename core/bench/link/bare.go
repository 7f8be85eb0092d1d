package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// bareClient is the least that places a call: one socket for commands and events, no
// validation, no queue, no recovery.
type bareClient struct {
	net.Conn
	in *bufio.Reader
}

func dialBare(ctx context.Context, address, password string) (*bareClient, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &bareClient{nc, bufio.NewReader(nc)}
	if end, ok := ctx.Deadline(); ok {
		err = nc.SetDeadline(end)
	}
	if err == nil {
		_, _, err = c.read() // auth/request
	}
	for _, command := range []string{"auth " + password, "event plain BACKGROUND_JOB HEARTBEAT SHUTDOWN"} {
		if err == nil {
			err = c.command(command)
		}
	}
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return c, nil
}

// read returns the header lines and the body of one frame.
func (c *bareClient) read() (header, body string, err error) {
	var b strings.Builder
	length := 0
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		if line == "\n" {
			if b.Len() == 0 {
				continue
			}
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > 1<<20 {
				return "", "", fmt.Errorf("a frame with Content-Length %q", value)
			}
		}
		b.WriteString(line)
	}
	text := make([]byte, length)
	_, err = io.ReadFull(c.in, text)
	return b.String(), string(text), err
}

func (c *bareClient) command(line string) error {
	if _, err := io.WriteString(c, line+"\n\n"); err != nil {
		return err
	}
	for {
		header, _, err := c.read()
		if err != nil {
			return err
		}
		if strings.Contains(header, "Content-Type: command/reply") {
			if !strings.Contains(header, "Reply-Text: +OK") {
				return fmt.Errorf("%.20s: %s", line, header)
			}
			return nil
		}
	}
}

// originate sends what the link sends and waits for the result of its job; events of other
// jobs are passed over.
func (c *bareClient) originate(context.Context) (string, error) {
	job, id := uuid.NewString(), uuid.NewString()
	line := "bgapi originate {effective_caller_id_name=" + caller + ",effective_caller_id_number=" + caller + ",originate_timeout=60,origination_caller_id_number=" +
		caller + ",origination_uuid=" + id + ",patchbay_called=" + called + "}" + strings.ReplaceAll(template, "{account}", account) + "\nJob-UUID: " + job
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if err := c.command(line); err != nil {
		return "", err
	}
	for {
		_, body, err := c.read()
		if err != nil {
			return "", err
		}
		if !strings.Contains(body, "Job-UUID: "+job+"\n") {
			continue
		}
		_, text, ok := strings.Cut(body, "\n\n")
		got, accepted := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "+OK ")
		if !ok || !accepted {
			return "", errors.New("refused: " + text)
		}
		return got, nil
	}
}

// skip reads up to the event that says that somebody else's call was placed.
func (c *bareClient) skip(id string) error {
	for {
		_, body, err := c.read()
		if err != nil || strings.Contains(body, "\n\n+OK "+id+"\n") {
			return err
		}
	}
}
