package admin

// Desk is what the panel asks of a running gateway beyond [Views], [Changes] and
// [Packages].
type Desk interface {
	Figures
	Documents
	Undo
	Logs
	Probes
	Abilities
}
