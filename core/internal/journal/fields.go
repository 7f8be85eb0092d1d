package journal

// The order of fields is the block format. encode and decode of a type list the
// same fields in the same order; a round-trip test fills every field and
// compares. Fields that a later version added stand at the end.

func (r *Request) encode(e *encoder) {
	e.str(r.Module)
	e.str(r.Action)
	e.int(r.Status)
	e.str(r.Error)
	e.str(r.Body)
	e.str(r.User)
	e.str(r.IP)
	e.duration(r.Duration)
	e.ident(r.RequestID)
	e.str(r.Reason)
	e.strs(r.Ignored)
	e.ident(r.ErrorID)
}

func (r *Request) decode(d *decoder) {
	r.Module = d.str()
	r.Action = d.str()
	r.Status = d.int()
	r.Error = d.str()
	r.Body = d.str()
	r.User = d.str()
	r.IP = d.str()
	r.Duration = d.duration()
	r.RequestID = d.ident()
	r.Reason = d.str()
	r.Ignored = d.strs()
	r.ErrorID = d.ident()
}

func (r *Request) size() int {
	n := len(r.Module) + len(r.Action) + len(r.Error) + len(r.Body) + len(r.User) + len(r.IP) +
		len(r.RequestID) + len(r.Reason) + len(r.ErrorID)
	for _, s := range r.Ignored {
		n += len(s) + 2
	}
	return n
}

func (r *SMS) encode(e *encoder) {
	e.str(r.Phone)
	e.str(r.Originator)
	e.str(r.Message)
	e.str(r.ProjectID)
	e.ident(r.SessionID)
	e.str(r.User)
	e.ident(r.RequestID)
	e.str(r.Provider)
	e.str(r.Module)
}

func (r *SMS) decode(d *decoder) {
	r.Phone = d.str()
	r.Originator = d.str()
	r.Message = d.str()
	r.ProjectID = d.str()
	r.SessionID = d.ident()
	r.User = d.str()
	r.RequestID = d.ident()
	r.Provider = d.str()
	if d.version >= ownedVersion {
		r.Module = d.str()
	}
}

func (r *SMS) size() int {
	return len(r.Phone) + len(r.Originator) + len(r.Message) + len(r.ProjectID) + len(r.SessionID) +
		len(r.User) + len(r.RequestID) + len(r.Provider) + len(r.Module)
}

// encode writes an outcome of version 2; version 1 ended with Done.
func (s *smsState) encode(e *encoder) {
	e.str(s.Result)
	e.str(s.Provider)
	e.ident(s.MessageID)
	e.str(s.Detail)
	e.int(s.Segments)
	e.time(s.Done)
	e.str(s.Module)
	e.strs(s.Parts)
	e.str(s.Route)
	e.str(string(s.Status))
	e.str(s.StatusDetail)
	e.time(s.StatusAt)
	e.ident(s.statusOf)
	e.time(s.Check)
	e.str(s.CheckPhone)
}

func (s *smsState) decode(d *decoder) {
	s.Result = d.str()
	s.Provider = d.str()
	s.MessageID = d.ident()
	s.Detail = d.str()
	s.Segments = d.int()
	s.Done = d.time()
	if d.version < statusVersion {
		return
	}
	s.Module = d.str()
	s.Parts = d.strs()
	s.Route = d.str()
	s.Status = Status(d.str())
	s.StatusDetail = d.str()
	s.StatusAt = d.time()
	s.statusOf = d.ident()
	s.Check = d.time()
	s.CheckPhone = d.str()
}

func (r *Call) encode(e *encoder) {
	e.str(r.Node)
	e.str(r.Called)
	e.str(r.Caller)
	e.str(r.Account)
	e.ident(r.UUID)
	e.str(r.User)
	e.ident(r.RequestID)
}

func (r *Call) decode(d *decoder) {
	r.Node = d.str()
	r.Called = d.str()
	r.Caller = d.str()
	r.Account = d.str()
	r.UUID = d.ident()
	r.User = d.str()
	r.RequestID = d.ident()
}

func (r *Call) size() int {
	return len(r.Node) + len(r.Called) + len(r.Caller) + len(r.Account) + len(r.UUID) + len(r.User) + len(r.RequestID)
}

func (o *CallOutcome) encode(e *encoder) {
	e.str(o.Result)
	e.ident(o.UUID)
	e.str(o.Detail)
	e.time(o.Done)
}

func (o *CallOutcome) decode(d *decoder) {
	o.Result = d.str()
	o.UUID = d.ident()
	o.Detail = d.str()
	o.Done = d.time()
}

func (o *CallOutcome) size() int { return len(o.Result) + len(o.UUID) + len(o.Detail) }

func (r *Audit) encode(e *encoder) {
	e.str(r.User)
	e.str(r.IP)
	e.str(r.Action)
	e.str(r.Object)
	e.str(r.Before)
	e.str(r.After)
	e.ident(r.RequestID)
}

func (r *Audit) decode(d *decoder) {
	r.User = d.str()
	r.IP = d.str()
	r.Action = d.str()
	r.Object = d.str()
	r.Before = d.str()
	r.After = d.str()
	r.RequestID = d.ident()
}

func (r *Audit) size() int {
	return len(r.User) + len(r.IP) + len(r.Action) + len(r.Object) + len(r.Before) + len(r.After) + len(r.RequestID)
}
