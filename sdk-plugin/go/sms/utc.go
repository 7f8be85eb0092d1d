package sms

// UTC writes seconds since 1970 as [Receipt] wants a time, RFC 3339, without package time,
// which makes a guest much larger. Years outside 1970 to 9999 give "".
func UTC(unix int64) string {
	if unix <= 0 || unix >= 253402300800 {
		return ""
	}
	// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400
	// years that begin in March.
	days, seconds := unix/86400+719468, unix%86400
	era, day := days/146097, days%146097
	year := (day - day/1460 + day/36524 - day/146096) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153
	day -= (153*month+2)/5 - 1
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	b := []byte("0000-00-00T00:00:00Z")
	for _, f := range [...]struct {
		end int
		n   int64
	}{{4, era*400 + year}, {7, month}, {10, day}, {13, seconds / 3600}, {16, seconds / 60 % 60}, {19, seconds % 60}} {
		for i := f.end - 1; f.n > 0; i-- {
			b[i] = byte('0' + f.n%10)
			f.n /= 10
		}
	}
	return string(b)
}
