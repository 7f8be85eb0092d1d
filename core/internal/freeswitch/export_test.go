package freeswitch

// DialString is the dial string of a request on a node with the default settings.
func DialString(r OriginateRequest) (string, error) {
	n, err := NodeConfig{Name: "a", Address: "h:1", Password: "x"}.withDefaults()
	if err != nil {
		return "", err
	}
	v, err := parseOriginate(r)
	if err != nil {
		return "", err
	}
	return buildOriginate(n, v, "87e64143-758c-4f9b-b990-e06613a3d7d2"), nil
}
