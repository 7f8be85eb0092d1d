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
//   - The address: the pool keeps two carriers, one whose dialer refuses
//     private addresses and one whose dialer does not. A client uses the one
//     that its grant's Private selects, so a client without Private never meets
//     a connection that was opened under Private. Whether an address may be
//     dialed depends on nothing else.
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
// if it is HEAD or OPTIONS or carries an Idempotency-Key. A look at the socket
// before a kept connection is used again finds most that broke meanwhile, and
// what a server sent uninvited; a connection that is not an operating system's
// socket cannot be looked at and serves one exchange.
//
// # Why not net/http's Transport
//
// Thousands of exchanges wait for slow servers at the same time, and a waiting
// exchange of the Transport holds two goroutines and two buffers: 24 KB. Here the
// caller's goroutine writes the request, waits for the socket without a buffer
// and reads the answer: 2 KB beside its own stack, and about half the CPU of an
// exchange. A dial has a goroutine of its own while it lasts, so that its deep
// stack is not the caller's. A body that may not fit into the socket's buffer is
// written by another one, because a server may answer before it took the body.
// Answers are parsed by net/http (ReadResponse), which refuses what is ambiguous
// about their end, such as conflicting lengths; fasthttp's parser takes those.
//
// HTTP/2 is not spoken: its streams share a connection, so nobody could tell
// whether a request left.
package httpcall
