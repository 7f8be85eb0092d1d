// Package httpcall is the host side of the capability http: it performs the
// HTTP exchanges that plugins ask for, inside the limits of their grants.
//
// A [Client] belongs to one plugin instance and holds its grant; a [Pool] holds
// the connections of all of them.
//
// # Why sharing connections is safe
//
// A connection may be used by another instance than the one that opened it, so
// two checks keep an instance inside its own grant:
//
//   - The name: before every hop of every exchange the client compares scheme,
//     host and port with its grant. The pool files connections under exactly
//     these three, so a client reaches only connections to hosts granted to it.
//   - The address: the pool keeps two transports, one whose dialer refuses
//     private addresses and one whose dialer does not. A client uses the one
//     that its grant's Private selects, so a client without Private never meets
//     a connection that was opened under Private. Whether an address may be
//     dialed depends on nothing else; that matters because net/http may give a
//     connection dialed for one request to another.
//
// The dialer looks a name up once, judges the addresses that it got and dials
// those, so an answer that changes between two lookups (DNS rebinding) gains
// nothing. Proxies are never used, and the pool keeps no cookies. Authentication
// that is bound to a connection (NTLM, Negotiate) is refused, because the next
// user of the connection would inherit it.
//
// # At most once
//
// net/http silently repeats a GET when a kept connection breaks before the
// answer. Text messages are sent by GET at many aggregators, so this package
// does not: once a byte of a request may have left, the request is repeated only
// if it is HEAD or OPTIONS or carries an Idempotency-Key.
package httpcall
