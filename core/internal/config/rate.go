package config

// ParseRate reads a rate as the file has it: "100/s", "5/m burst 10", or "off" for the
// zero Rate. It is the opposite of [Rate.String].
//
// # Errors
//
// What is wrong with the text, and an example.
func ParseRate(text string) (Rate, error) { return parseRate(text) }
