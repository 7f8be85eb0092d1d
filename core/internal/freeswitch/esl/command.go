package esl

import (
	"fmt"
	"strings"

	"github.com/percipia/eslgo/command"
)

// Command is one request: a single command line and the header lines that follow it.
type Command struct {
	Line   command.Command
	Header []Field
}

// Raw is a command line as it is.
type Raw string

// BuildMessage returns the line.
func (r Raw) BuildMessage() string { return string(r) }

var _ command.Command = Raw("")

// API is "api verb args": it blocks the whole connection until the command has run.
func API(verb, args string) Command { return Command{Line: apiLine(verb, args, false)} }

// BgAPI is "bgapi verb args" with our own job id: the result arrives as a BACKGROUND_JOB event that carries the id.
func BgAPI(verb, args, jobID string) Command {
	return Command{Line: apiLine(verb, args, true), Header: []Field{{Name: "Job-UUID", Value: jobID}}}
}

// Subscribe is "event plain NAMES…". Names after CUSTOM are subclasses, so CUSTOM comes last.
func Subscribe(names ...string) Command {
	return Command{Line: command.Event{Format: "plain", Listen: names}}
}

// Exit asks FreeSWITCH to close the connection.
func Exit() Command { return Command{Line: command.Exit{}} }

// apiLine avoids eslgo's blank after a verb without arguments: some commands take it as an argument.
func apiLine(verb, args string, background bool) command.Command {
	if args != "" {
		return command.API{Command: verb, Arguments: args, Background: background}
	}
	if background {
		return Raw("bgapi " + verb)
	}
	return Raw("api " + verb)
}

// wire returns the bytes of the command with its closing empty line.
//
// # Errors
//
// ErrUnsafeCommand when the line or a header holds CR, LF or NUL: everything behind a line break would be
// read as headers or as the next command.
func (c Command) wire() ([]byte, error) {
	line := c.Line.BuildMessage()
	if unsafe(line) || strings.TrimSpace(line) == "" {
		return nil, ErrUnsafeCommand
	}
	var b strings.Builder
	b.WriteString(line)
	b.WriteByte('\n')
	for _, f := range c.Header {
		if unsafe(f.Name) || unsafe(f.Value) || f.Name == "" || strings.ContainsAny(f.Name, ": ") {
			return nil, fmt.Errorf("header %.40q: %w", f.Name, ErrUnsafeCommand)
		}
		b.WriteString(f.Name)
		b.WriteString(": ")
		b.WriteString(f.Value)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return []byte(b.String()), nil
}

func unsafe(s string) bool { return strings.ContainsAny(s, "\r\n\x00") }
