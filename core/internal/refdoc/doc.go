// Package refdoc writes the generated parts of docs: extension points from the
// manifests of the modules, the contract from sdk-plugin/abi and the constants of
// the code, case files from their schema, the lines that a partner writes from the
// projects of `patchbay plugin new`. What the sources do not say in both languages
// is in texts.txt, which must fit them exactly.
package refdoc

//go:generate go run ./write ../../../docs
