package abi

// JournalReceipt is the request of [OpJournalReceipt]: what providers told about
// records of the asking module. The answer's body is an array with one text for
// each receipt: "applied", "unchanged" (a repetition, or older than what is
// known), "kept" (the record is not complete yet), "unknown" (no such record) or
// "dropped". They are on disk when the answer comes.
type JournalReceipt struct {
	// Kind is "sms".
	Kind string
	// Instance is the provider instance that tells; it concerns its records only.
	Instance string
	// Receipts is an array of maps: reference (the record's id) or message_id,
	// status, detail, at (RFC 3339; anything else is now), check_s (seconds until the next
	// status check), stop (boolean: no more checks),
	// give_up (boolean: as stop, and a status that is not final becomes unknown).
	Receipts Value
}

// Append writes the request to b.
func (q *JournalReceipt) Append(b []byte) []byte {
	b = AppendArray(b, 3)
	b = AppendString(b, q.Kind)
	b = AppendString(b, q.Instance)
	return AppendValue(b, q.Receipts)
}

// Decode reads the request; Receipts borrows from b.
func (q *JournalReceipt) Decode(b []byte) error {
	r := NewReader(b)
	*q = JournalReceipt{Kind: r.Str(), Instance: r.Str(), Receipts: r.Value()}
	return r.Close()
}

// JournalFind is the request of [OpJournalFind]: one record of the asking module
// by its id, or by the id that a provider instance gave. The answer's body is a
// map of texts: id, user, phone, originator, project_id, session_id, provider,
// message_id, result, detail, route, status, status_detail, and the times
// created_at, done_at, status_at in RFC 3339, empty when there is none; segments
// is a number.
type JournalFind struct {
	// Kind is "sms".
	Kind string
	ID   string
	// Instance and MessageID are used when ID is empty.
	Instance  string
	MessageID string
}

// Append writes the request to b.
func (q *JournalFind) Append(b []byte) []byte {
	b = AppendArray(b, 4)
	b = AppendString(b, q.Kind)
	b = AppendString(b, q.ID)
	b = AppendString(b, q.Instance)
	return AppendString(b, q.MessageID)
}

// Decode reads the request.
func (q *JournalFind) Decode(b []byte) error {
	r := NewReader(b)
	*q = JournalFind{Kind: r.Str(), ID: r.Str(), Instance: r.Str(), MessageID: r.Str()}
	return r.Close()
}
