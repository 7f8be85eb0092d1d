package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// documentTime bounds an export and an import: plugins may be compiled in it.
const documentTime = 2 * time.Minute

// maxDocument is what the gateway takes, in bytes.
const maxDocument = 200 << 10

// export writes what the running gateway does as blocks of gateway.hcl.
func export(env *environment, args []string) error {
	f := env.flags("export")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	asJSON := f.Bool("json", false, "write JSON instead of HCL")
	users := f.Bool("users", false, "with the users, but without passwords and tokens")
	if _, err := env.parse(f, args); err != nil {
		return err
	}
	client, done, err := env.gateway(*path, *data)
	if err != nil {
		return err
	}
	defer done()
	var answer struct {
		HCL  string          `json:"hcl"`
		JSON json.RawMessage `json:"json"`
	}
	if _, err := client.do(http.MethodGet, "/export?users="+strconv.FormatBool(*users), nil, &answer); err != nil {
		return err
	}
	text := answer.HCL
	if *asJSON {
		text = string(answer.JSON) + "\n"
	}
	_, err = io.WriteString(env.stdout, text)
	return err
}

// apply brings a document into force on the running gateway.
func apply(env *environment, args []string) error {
	f := env.flags("apply")
	path := f.String("config", "", "configuration file; gateway.hcl in this folder when it is there")
	data := f.String("data", "", "folder of the gateway's data, when it is not the configured one")
	dry := f.Bool("dry-run", false, "only say what would change")
	prune := f.Bool("prune", false, "remove the provider instances and FreeSWITCH nodes of the panel that are not in the document")
	rest, err := env.parse(f, args, "FILE.hcl|FILE.json|-")
	if err != nil {
		return err
	}
	request, err := env.readDocument(rest[0])
	if err != nil {
		return err
	}
	request["prune"] = *prune
	client, done, err := env.gateway(*path, *data)
	if err != nil {
		return err
	}
	defer done()
	to := "/import"
	if *dry {
		to = "/import/plan"
	}
	var plan admin.Plan
	if _, err := client.do(http.MethodPost, to, request, &plan); err != nil {
		if refused, ok := errors.AsType[*apiError](err); ok {
			nameDocument(rest[0], refused.violations)
		}
		return err
	}
	nameDocument(rest[0], plan.Violations)
	_, err = io.WriteString(env.stdout, describePlan(plan, *dry))
	if err == nil && len(plan.Violations) > 0 {
		err = fmt.Errorf("the document has %d mistakes", len(plan.Violations))
	}
	return err
}

// gateway opens the control socket of the running gateway.
func (env *environment) gateway(path, data string) (client *userClient, done func(), err error) {
	cfg, err := env.load(path, config.Override{Data: data})
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithTimeout(context.Background(), documentTime)
	client, err = dialGateway(ctx, cfg)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return client, func() {
		client.http.CloseIdleConnections()
		stop()
	}, nil
}

// readDocument reads a file, "-" for the input, as the body of a request.
func (env *environment) readDocument(name string) (map[string]any, error) {
	from := env.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("document: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("document: %w", err)
	case len(text) > maxDocument:
		return nil, fmt.Errorf("document: %s is longer than %d KiB", name, maxDocument>>10)
	case len(strings.TrimSpace(string(text))) == 0:
		return nil, errors.New("document: it is empty")
	}
	if strings.HasSuffix(name, ".json") || strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		return map[string]any{"json": json.RawMessage(text)}, nil
	}
	return map[string]any{"hcl": string(text)}, nil
}

// nameDocument gives the document, whose name the gateway does not know, the name of
// its file.
func nameDocument(file string, found []admin.Violation) {
	for i := range found {
		if place, ok := strings.CutPrefix(found[i].Place, "document:"); ok && file != "-" {
			found[i].Place = file + ":" + place
		}
	}
}

func describePlan(plan admin.Plan, dry bool) string {
	var b strings.Builder
	for _, v := range plan.Violations {
		b.WriteString("! ")
		if v.Place != "" {
			b.WriteString(v.Place + ": ")
		}
		fmt.Fprintf(&b, "%s %s", v.Pointer, v.Message)
		if v.At != "" {
			fmt.Fprintf(&b, " (%s)", v.At)
		}
		b.WriteString("\n")
	}
	for _, d := range plan.Differences {
		fmt.Fprintf(&b, "%s: %s → %s\n", d.Path, short(d.Before), short(d.After))
	}
	switch {
	case len(plan.Differences) == 0 && len(plan.Violations) == 0:
		b.WriteString("Nothing differs.\n")
	case dry:
		fmt.Fprintf(&b, "%d differences; nothing was changed.\n", len(plan.Differences))
	default:
		fmt.Fprintf(&b, "%d differences are in force.\n", len(plan.Differences))
	}
	return b.String()
}

func short(v any) string {
	if v == nil {
		return "—"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(text)
}
