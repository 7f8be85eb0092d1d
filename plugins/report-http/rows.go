package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

const (
	system = "External report"
	// defaultLimit is the number of rows of a page when the caller names none.
	defaultLimit = 10_000
)

// rows answers one page of the report.
func rows(t *patchbay.Task) (patchbay.Reply, error) {
	s := configured
	w, err := s.window(t.Params())
	if err != nil {
		return patchbay.Reply{}, err
	}
	body, err := s.fetch(t, values(t.Params(), w.limit))
	if err != nil {
		return patchbay.Reply{}, err
	}
	list := body.Path(s.rowsPath)
	if list.Kind() != abi.Array {
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New("the answer has no array of rows at rows_path"))
	}
	page, more, err := s.page(list, w)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	next := body.Path(s.nextPath).String()
	if s.nextPath == "" {
		next = ""
		if more {
			next = strconv.Itoa(w.from + w.limit)
		}
	}
	var o patchbay.Object
	return patchbay.JSON(o.Set("rows", page).Str("next", next).Value()), nil
}

// window is the part of the system's rows that makes the page.
type window struct{ from, limit int }

// window reads limit and cursor. A system that takes {cursor} pages by itself;
// for others the cursor is the number of rows to leave out.
func (s *source) window(p patchbay.Value) (window, error) {
	limit, _ := p.Get("limit").Int()
	if limit <= 0 {
		limit = defaultLimit
	}
	w := window{limit: int(limit)}
	cursor := p.Get("cursor").String()
	if s.request.Uses("cursor") || cursor == "" {
		return w, nil
	}
	from, ok := p.Get("cursor").Int()
	if !ok || from < 0 || strconv.FormatInt(from, 10) != cursor || from > 1<<30 {
		return w, patchbay.Invalid("cursor", "not a cursor of this report")
	}
	w.from = int(from)
	return w, nil
}

// page translates the rows of the window. more tells that rows follow it.
func (s *source) page(list patchbay.Value, w window) (page patchbay.Value, more bool, err error) {
	var out patchbay.List
	own := s.request.Uses("cursor") // the system made the page
	i := 0
	for row := range list.Elements() {
		if row.Kind() != abi.Map {
			return nil, false, errors.New("row " + strconv.Itoa(i) + " is not an object")
		}
		if !own && i >= w.from+w.limit {
			return out.Value(), true, nil
		}
		if own || i >= w.from {
			out.Add(s.translate(row))
		}
		i++
	}
	return out.Value(), false, nil
}

// translate renames the columns of a row; what is missing becomes null.
func (s *source) translate(row patchbay.Value) patchbay.Value {
	if len(s.columns) == 0 && !s.asText {
		return row
	}
	var o patchbay.Object
	if len(s.columns) == 0 {
		for name, v := range row.Entries() {
			o.Set(name, s.cell(v))
		}
		return o.Value()
	}
	for _, c := range s.columns {
		v := row.Get(c.from) // the name may hold dots itself
		if len(v) == 0 {
			v = row.Path(c.from)
		}
		o.Set(c.to, s.cell(v))
	}
	return o.Value()
}

func (s *source) cell(v patchbay.Value) patchbay.Value {
	if s.asText {
		switch v.Kind() {
		case abi.Int, abi.Float, abi.Bool:
			return abi.StringValue(v.String())
		}
	}
	return v
}

func values(p patchbay.Value, limit int) template.Values {
	start, stop := p.Get("start_date").String(), p.Get("stop_date").String()
	const day = len("2006-01-02")
	with := func(s, time string) string {
		if len(s) == day {
			return s + time
		}
		return s
	}
	return template.Values{
		"start_date": start, "stop_date": stop,
		"start_day": start[:min(day, len(start))], "stop_day": stop[:min(day, len(stop))],
		"start_time": with(start, " 00:00:00"), "stop_time": with(stop, " 23:59:59"),
		"limit": strconv.Itoa(limit), "cursor": p.Get("cursor").String(), "tz": p.Get("tz").String(),
	}
}

// fetch asks for the report. A token that is refused is exchanged once: it may
// just have expired.
func (s *source) fetch(t *patchbay.Task, v template.Values) (patchbay.Value, error) {
	answer, err := s.ask(t, v, "")
	if err == nil && s.session != nil && (answer.Status == 401 || answer.Status == 403) {
		answer, err = s.ask(t, v, v["token"])
	}
	switch {
	case err != nil:
		return nil, failure(err)
	case answer.Status < 200 || answer.Status > 299:
		return nil, patchbay.Unavailable(system, errors.New("HTTP "+strconv.Itoa(answer.Status)))
	case !answer.Data.Exists():
		return nil, patchbay.Unavailable(system, errors.New("the answer could not be parsed; see the setting parse"))
	}
	return answer.Data, nil
}

func failure(err error) error {
	if e, ok := errors.AsType[*patchbay.Error](err); ok && e.Code == abi.CodeInvalid {
		return e
	}
	return patchbay.Unavailable(system, err)
}

func (s *source) ask(t *patchbay.Task, v template.Values, refused string) (patchbay.Response, error) {
	authorization := s.authorization
	if s.session != nil {
		token, err := s.session.current(t, s.timeoutMS, refused)
		if err != nil {
			return patchbay.Response{}, err
		}
		v["token"] = token
		if !s.request.Uses("token") {
			authorization = [2]string{"Authorization", "Bearer " + token}
		}
	}
	request, err := s.request.Build(v, authorization)
	if err != nil {
		return patchbay.Response{}, patchbay.Invalid("cursor", err.Error())
	}
	request.Parse, request.TimeoutMS = s.parse, s.timeoutMS
	return t.Fetch(request)
}

// health logs in when there is a login. The report itself may be dear, so it is
// not asked for.
func health(t *patchbay.Task) (patchbay.Reply, error) {
	s := configured
	if s.session == nil {
		return patchbay.Reply{}, nil
	}
	if _, err := s.session.current(t, s.timeoutMS, ""); err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	return patchbay.Reply{}, nil
}
