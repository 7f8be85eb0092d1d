// Package archtest holds the rules of the house as a test: who may import whom,
// who owns which library, what may lie where. A broken rule prints its reason.
package archtest
