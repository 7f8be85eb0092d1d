package edge

// special are the fields that decide how a request is read, or who sent it.
type special uint8

const (
	fieldHost special = 1 << iota
	fieldLength
	fieldCoding
	fieldType
	fieldAuthorization
)

func specialOf(name []byte) special {
	switch string(name) {
	case "host":
		return fieldHost
	case "content-length":
		return fieldLength
	case "transfer-encoding":
		return fieldCoding
	case "content-type":
		return fieldType
	case "authorization":
		return fieldAuthorization
	}
	return 0
}

// class tells what a byte may be part of.
type class uint8

const (
	classToken class = 1 << iota
	classTarget
	classValue
	classHost
)

var classes = func() (t [256]class) {
	for c := range 256 {
		b := byte(c)
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		mark := func(yes bool, k class) {
			if yes {
				t[c] |= k
			}
		}
		mark(letter || contains("!#$%&'*+-.^_`|~", b), classToken)
		// Bytes above ASCII are no part of a target, but old clients send them in queries.
		mark(b > ' ' && b != 0x7f, classTarget)
		mark(b >= ' ' && b != 0x7f || b == '\t', classValue)
		mark(letter || contains("-._~:[]%", b), classHost)
	}
	return t
}()

func contains(s string, b byte) bool {
	for i := range len(s) {
		if s[i] == b {
			return true
		}
	}
	return false
}
