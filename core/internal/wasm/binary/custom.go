package binary

import (
	"errors"
	"fmt"
)

var (
	// ErrNoSection says that the file has no custom section of the wanted name.
	ErrNoSection = errors.New("no such custom section")
	// ErrRepeatedSection says that there are several and that readers might disagree which one counts.
	ErrRepeatedSection = errors.New("custom section appears more than once")
)

// Custom returns the payload of the custom section of that name. It aliases the file.
//
// # Errors
//
// ErrNoSection, ErrRepeatedSection.
func (f *File) Custom(name string) ([]byte, error) { return custom(f.Sections, name) }

// Custom returns the payload of a custom section without taking the rest of the file apart; sections are found, in order
// and of true size. The result aliases wasm.
//
// # Errors
//
// ErrNoSection, ErrRepeatedSection, or a *SyntaxError.
func Custom(wasm []byte, name string) ([]byte, error) {
	sections, err := scan(wasm)
	if err != nil {
		return nil, err
	}
	return custom(sections, name)
}

func custom(sections []Section, name string) ([]byte, error) {
	var found []byte
	for _, s := range sections {
		if s.ID != SectionCustom || s.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: %q", ErrRepeatedSection, name)
		}
		found = s.Body // never nil: it is a slice of the file
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %q", ErrNoSection, name)
	}
	return found, nil
}

// AppendCustom returns a copy of wasm with a custom section of that name and payload at the end. Sections that had the name
// before are left out; all other bytes stay as they are.
//
// # Errors
//
// A *SyntaxError if the sections of wasm cannot be told apart.
func AppendCustom(wasm []byte, name string, payload []byte) ([]byte, error) {
	sections, err := scan(wasm)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(wasm)+len(name)+len(payload)+16)
	out = append(out, header...)
	from := len(header)
	for _, s := range sections {
		end := s.Offset + len(s.Body)
		if s.ID != SectionCustom || s.Name != name {
			out = append(out, wasm[from:end]...)
		}
		from = end
	}
	return AppendCustomSection(out, name, payload), nil
}

// AppendCustomSection appends the bytes of one custom section to dst.
func AppendCustomSection(dst []byte, name string, payload []byte) []byte {
	body := AppendName(make([]byte, 0, len(name)+len(payload)+5), name)
	return AppendSection(dst, SectionCustom, append(body, payload...))
}
