package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// erase forgets a telephone number, in a gateway that runs or in the data of one
// that does not.
func erase(env *environment, args []string) error {
	f := env.flags("erase")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	phone := f.String("phone", "", "the number, in any usual form")
	dry := f.Bool("dry-run", false, "only count what would be erased")
	asJSON := f.Bool("json", false, "write the answer as JSON")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	if *phone == "" {
		_, _ = fmt.Fprintln(env.stderr, "patchbay erase: name the number with --phone")
		return errUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := openUsers(ctx, env, &userFlags{config: *path, data: *data}, false)
	if err != nil {
		return err
	}
	defer func() { _ = client.close(context.WithoutCancel(ctx)) }() // what it does is done
	var out admin.Erasure
	text, err := client.do(http.MethodPost, "/journal/erase", map[string]any{"phone": *phone, "dry_run": *dry}, &out)
	if err != nil {
		return err
	}
	if *asJSON {
		text = append(json.RawMessage(text), '\n')
		_, err = env.stdout.Write(text)
		return err
	}
	_, err = fmt.Fprint(env.stdout, describeErasure(&out))
	return err
}

func describeErasure(e *admin.Erasure) string {
	var b strings.Builder
	deleted, struck := "deleted", "taken out of"
	if e.Dry {
		deleted, struck = "would be deleted", "would be taken out of"
	}
	fmt.Fprintf(&b, "%s: %d SMS, %d calls and %d call records %s; the number %s %d requests, %d audit records and %d SMS of others.\n",
		e.Phone, e.SMS, e.Calls, e.CallRecords, deleted, struck, e.Requests, e.Audits, e.Mentions)
	if e.InFlight > 0 {
		fmt.Fprintf(&b, "%d messages or calls are under way and were left alone; erase again in a quarter of an hour.\n", e.InFlight)
	}
	if e.Unreadable > 0 {
		fmt.Fprintf(&b, "%d damaged parts of the journal cannot be looked into; `patchbay doctor` names them.\n", e.Unreadable)
	}
	if len(e.Recordings) > 0 {
		fmt.Fprintf(&b, "Recordings lie with FreeSWITCH; delete those of these calls there:\n  %s\n", strings.Join(e.Recordings, "\n  "))
	}
	if !e.Dry {
		b.WriteString("Backups made before still hold the number, and so do files that the database has not compacted yet.\n")
	}
	return b.String()
}
