package auth

// Normalized returns the user in the one form that is stored: rights and networks sorted and without those that a
// wider one covers.
//
// # Errors
//
// An [*InvalidError] for the first thing that [Authority.Create] and [Authority.Update] would refuse.
func (u User) Normalized() (User, error) {
	out := u.clone()
	err := out.normalize()
	return out, err
}
