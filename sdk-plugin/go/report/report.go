// Package report is the extension point report.source with types: what the plugin
// of an external report system implements.
package report

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

// Point is the name of the extension point.
const Point = "report.source"

// Query is the page that is asked for.
type Query struct {
	// Start and Stop as the caller gave them: YYYY-MM-DD (whole days, both ends
	// included) or YYYY-MM-DD HH:MM:SS.
	Start, Stop string
	// Limit is the number of rows; 0 leaves it to the source.
	Limit int
	// Cursor is the Next of the page before; empty for the first.
	Cursor string
	// Zone is an IANA time zone; empty means the source's own.
	Zone string
}

// Page is one page of rows.
type Page struct {
	// Rows is an array of maps with equal keys.
	Rows patchbay.Value
	// Next is the cursor of the next page; empty at the end.
	Next string
}

// Serve registers the operation rows. Call it in init.
func Serve(rows func(t *patchbay.Task, q Query) (Page, error)) {
	patchbay.HandleOperation(Point, "rows", func(t *patchbay.Task) (patchbay.Reply, error) {
		limit, _ := t.Params().Get("limit").Int()
		page, err := rows(t, Query{
			Start: t.Param("start_date"), Stop: t.Param("stop_date"), Limit: int(limit), Cursor: t.Param("cursor"), Zone: t.Param("tz"),
		})
		if err != nil {
			return patchbay.Reply{}, err
		}
		return patchbay.JSON(new(patchbay.Object).Set("rows", page.Rows).Str("next", page.Next).Value()), nil
	})
}
