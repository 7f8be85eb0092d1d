package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// period is the time that a report covers, as the caller gave it: a date is the
// whole day.
type period struct{ start, stop string }

// readPeriod reads start_date and stop_date, whose format the host has checked.
func readPeriod(t *patchbay.Task) (period, error) {
	p := period{t.Param("start_date"), t.Param("stop_date")}
	if padded(p.stop, " 23:59:59") < padded(p.start, " 00:00:00") {
		return p, patchbay.Invalid("stop_date", "stop_date is before start_date")
	}
	return p, nil
}

// padded makes dates and times comparable as text.
func padded(s, time string) string {
	if len(s) == len("2006-01-02") {
		return s + time
	}
	return s
}

// filename is the name offered for a download, "" for JSON, which is read and
// not saved.
func (p period) filename(report, format string) string {
	if format == "" || format == "json" {
		return ""
	}
	name := report + "_" + p.start + "_" + p.stop + "." + format
	return strings.NewReplacer(" ", "_", ":", "-").Replace(name)
}
