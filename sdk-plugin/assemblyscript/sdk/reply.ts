// Replies and failures of a handler.

import { Failure, Form, Reply } from "./abi/message";
import { Value } from "./abi/value";

/** Answers with a value, written as JSON. */
export function ok(body: Value = new Value()): Reply {
  const r = new Reply();
  r.body = body;
  return r;
}

/** Answers with an array of maps with equal keys, written as JSON, CSV or XLSX. */
export function rows(all: Value, format: string = ""): Reply {
  const r = ok(all);
  r.form = Form.Rows;
  r.format = format;
  return r;
}

/** Answers with bytes as they are. */
export function raw(contentType: string, body: Uint8Array): Reply {
  const r = ok(Value.bytes(body));
  r.form = Form.Bytes;
  r.contentType = contentType;
  return r;
}

/** Fails the task. */
export function fail(failure: Failure): Reply {
  const r = new Reply();
  r.failure = failure;
  return r;
}

/** A parameter, in configure a setting, is not acceptable. */
export function invalid(param: string, detail: string = ""): Reply {
  return fail(Failure.of("invalid", param, "caller", detail));
}

/** 404 with a text of the manifest. */
export function notFound(text: string): Reply {
  return fail(Failure.of("not_found", text, "caller"));
}

/** The system answered and said no; nothing happened and nobody else would help. */
export function refused(system: string, detail: string = ""): Reply {
  return fail(Failure.of("refused", system, "upstream", detail));
}

/** Certainly not done; another provider may be tried. */
export function notNow(system: string, detail: string = ""): Reply {
  return fail(Failure.of("unavailable", system, "upstream", detail));
}

/** Too much at once: certainly not done, worth another attempt in retry milliseconds. */
export function busy(system: string, detail: string, retry: i32): Reply {
  const f = Failure.of("busy", system, "upstream", detail);
  f.retry = retry;
  return fail(f);
}

/** Nobody knows whether it was done: it is never repeated. */
export function uncertain(system: string, detail: string = ""): Reply {
  const f = Failure.of("unavailable", system, "upstream", detail);
  f.sent = true;
  return fail(f);
}

/**
 * The system did not do its work. A cause keeps what is certain: whether something
 * was sent, and that a time-out is one. Without a cause nothing was sent.
 */
export function unavailable(system: string, cause: Failure | null = null): Reply {
  const f = Failure.of("unavailable", system, "upstream");
  if (cause == null) return fail(f);
  f.detail = cause.toString();
  f.sent = cause.sent;
  f.retry = cause.retry;
  if (cause.code == "timeout" || cause.code == "busy") f.code = cause.code;
  if (cause.code == "internal" || cause.code == "denied") f.source = cause.source; // not the system's fault
  return fail(f);
}
