// Package freeswitch is the gateway's link to one or several FreeSWITCH nodes.
//
// Each node has one event connection, which decides whether the node is up, and a small pool of command connections.
// Every command runs as "bgapi" with a job id of ours: the result comes back as an event that carries the id, so a late,
// doubled or lost answer can never be taken for the answer to another command, and a phone that rings for a minute holds
// up nothing. Values from outside become part of a command only as Number, Extension, Account or CallerID.
//
// The subpackages are leaves: esl (the wire), callcenter and show (answers), cdr (call records), recording (audio files).
package freeswitch
