package params

// Phone returns the E.164 form of a telephone number that a person typed. region is
// the country of numbers without a country code.
//
// # Errors
//
// What is no number that is in use anywhere.
func Phone(text, region string) (string, error) {
	clean, err := phoneText([]byte(text))
	if err != nil {
		return "", err
	}
	n, err := (&Checker{region: region}).parsePhone(clean)
	if err != nil {
		return "", err
	}
	return n.e164, nil
}
