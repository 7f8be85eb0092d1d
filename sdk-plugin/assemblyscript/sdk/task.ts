// A task: what it was asked for, and what it asks the gateway for.

import { Fault, MAX_MESSAGE } from "./abi/codec";
import { Failure, Form, Reader, Reply } from "./abi/message";
import { Value } from "./abi/value";
import { Writer } from "./abi/writer";
import { Request, Response } from "./http";
import * as gateway from "./imports";

/** The end of a host operation. */
export class Result {
  /** null when it worked. */
  failure: Failure | null = null;
  body: Value = new Value();
}

/** Something that stays with the gateway; it closes it unless a reply names it. */
export class Attachment {
  failure: Failure | null = null;
  id: u32 = 0;
  /** Bytes, -1 unknown. */
  size: i64 = 0;
  contentType: string = "";
  rows: i32 = 0;
  next: string = "";

  /** Answers with it, or with the failure to open it. */
  reply(): Reply {
    const r = new Reply();
    r.failure = this.failure;
    r.form = Form.Attachment;
    r.attachment = this.id;
    r.contentType = this.contentType;
    r.next = this.next;
    return r;
  }
}

/** What the gateway knows about a parameter of format phone. */
export class Phone {
  constructor(
    public e164: string,
    public region: string,
    public type: string,
  ) {}
}

/** A page of a journal report. */
export class Report {
  /** sms, request or badRequest. */
  kind: string = "";
  /** YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, both ends included. */
  start: string = "";
  stop: string = "";
  /** IANA name; empty: the gateway's. */
  zone: string = "";
  limit: i32 = 0;
  cursor: string = "";
  extended: bool = false;
}

/** What a request is; the gateway numbers them. */
export const CONFIGURE: i32 = 0;
export const ACTION: i32 = 1;
export const OPERATION: i32 = 2;
export const HEALTH: i32 = 3;

type Import = (task: u32, p: usize, n: u32) => u32;

/** The settings of the instance, from the configure task on. */
let configured: Value = new Value();

/** Keeps the settings; the SDK calls it for the configure task. */
export function keepSettings(v: Value): void {
  configured = v;
}

/** The settings of the instance, at any time. */
export function settings(): Value {
  return configured;
}

/** A setting as text, "" when it was not given. */
export function setting(name: string): string {
  return configured.get(name).text();
}

/** One request being served. A guest has one at a time. */
export class Task {
  kind: i32 = -1;
  /** Extension point of an operation. */
  point: string = "";
  /** Action or operation. */
  name: string = "";
  /** The checked parameters. Required ones are there, with the types of the manifest. */
  params: Value = new Value();
  /** Provider instance. */
  instance: string = "";
  requestID: string = "";
  /** Login of the caller; empty for the gateway's own tasks. */
  user: string = "";
  /** Milliseconds that were left at the start. */
  timeout: i32 = 0;
  private derived: Value = new Value();

  constructor(private id: u32) {}

  read(message: ArrayBuffer): Fault {
    const r = Reader.message(message);
    this.kind = <i32>r.int(0, 255);
    this.point = r.text();
    this.name = r.text();
    this.params = r.value();
    this.instance = r.text();
    this.requestID = r.text();
    this.user = r.text();
    this.timeout = r.int32();
    this.derived = r.value();
    return r.fault;
  }

  /** A parameter as text, "" when it was not given. */
  param(name: string): string {
    return this.params.get(name).text();
  }

  phone(name: string): Phone {
    const known = this.derived.get(name);
    return new Phone(known.get("e164").text(), known.get("region").text(), known.get("type").text());
  }

  /** Sends an HTTP request and waits for the answer. */
  fetch(request: Request): Response {
    const w = new Writer(512);
    request.write(w);
    const result = this.call(gateway.http_fetch, "http_fetch", w);
    const answer = new Response();
    answer.failure = result.failure;
    if (result.failure == null) {
      const r = Reader.inner(result.body);
      answer.read(r);
      if (r.fault != Fault.None) answer.failure = broken("http_fetch");
    }
    return answer;
  }

  /** An entry of the key-value store, a byte string; not_found when there is none. */
  get(key: string): Result {
    return this.call(gateway.kv_get, "kv_get", texts([key]));
  }

  /** Writes an entry; ttl in seconds, 0 keeps it. */
  put(key: string, value: string, ttl: i64 = 0): Result {
    return this.putBytes(key, Value.text(value).bytes(), ttl);
  }

  putBytes(key: string, value: Uint8Array, ttl: i64 = 0): Result {
    const w = new Writer();
    w.array(3);
    w.text(key);
    w.bytes(value.dataStart, value.length);
    w.int(ttl);
    return this.call(gateway.kv_put, "kv_put", w);
  }

  /** Removes an entry; a missing one is no failure. */
  remove(key: string): Result {
    return this.call(gateway.kv_delete, "kv_delete", texts([key]));
  }

  /** Array of [key, bytes] below a prefix, in the order of keys. */
  keys(prefix: string, limit: i32): Result {
    const w = new Writer();
    w.array(2);
    w.text(prefix);
    w.int(limit);
    return this.call(gateway.kv_list, "kv_list", w);
  }

  /**
   * Array of [instance, plugin, ready, operations, receipt url] in the operator's
   * order: which operations it serves, and the address of its webhook, if any.
   */
  providers(point: string): Result {
    return this.call(gateway.provider_list, "provider_list", texts([point]));
  }

  /** Asks a provider instance; the body is that of its reply. */
  ask(point: string, operation: string, instance: string, params: Value, timeout: i32 = 0): Result {
    const w = new Writer(256);
    w.array(5);
    w.text(point);
    w.text(operation);
    w.text(instance);
    params.write(w);
    w.int(timeout);
    return this.call(gateway.provider_call, "provider_call", w);
  }

  /** Records the intent to send an SMS; the body is its id. Send only afterwards. */
  beginSMS(fields: Value): Result {
    const w = new Writer(256);
    w.array(2);
    w.text("sms");
    fields.write(w);
    return this.call(gateway.journal_begin, "journal_begin", w);
  }

  /** Records what came of it: OK, error (certainly not accepted) or unknown. */
  endSMS(id: string, result: string, fields: Value): Result {
    const w = new Writer(256);
    w.array(4);
    w.text("sms");
    w.text(id);
    w.text(result);
    fields.write(w);
    return this.call(gateway.journal_end, "journal_end", w);
  }

  /**
   * Writes what a provider instance told about SMS of this module, an array of maps;
   * the body is an array with one text for each.
   */
  receipts(instance: string, all: Value): Result {
    const w = new Writer(256);
    w.array(3);
    w.text("sms");
    w.text(instance);
    all.write(w);
    return this.call(gateway.journal_receipt, "journal_receipt", w);
  }

  /** The record of an SMS of this module, by its id. */
  findSMS(id: string): Result {
    return this.call(gateway.journal_find, "journal_find", texts(["sms", id, "", ""]));
  }

  /** The same by the id that a provider instance gave. */
  findMessage(instance: string, messageID: string): Result {
    return this.call(gateway.journal_find, "journal_find", texts(["sms", "", instance, messageID]));
  }

  report(q: Report): Attachment {
    const w = new Writer();
    w.array(7);
    w.text(q.kind);
    w.text(q.start);
    w.text(q.stop);
    w.text(q.zone);
    w.int(q.limit);
    w.text(q.cursor);
    w.bool(q.extended);
    return attachment("journal_report", this.call(gateway.journal_report, "journal_report", w));
  }

  /** Array of maps with username and status. */
  users(): Result {
    return this.call(gateway.users_list, "users_list", texts([]));
  }

  /** {"uuid", "node"}; an empty node: the gateway picks one. */
  originate(called: string, caller: string, account: string, node: string = ""): Result {
    return this.call(gateway.freeswitch_originate, "freeswitch_originate", texts([called, caller, account, node]));
  }

  queues(): Result {
    return this.call(gateway.freeswitch_queues, "freeswitch_queues", texts([]));
  }

  tiers(): Result {
    return this.call(gateway.freeswitch_tiers, "freeswitch_tiers", texts([]));
  }

  agents(): Result {
    return this.call(gateway.freeswitch_agents, "freeswitch_agents", texts([]));
  }

  channels(): Result {
    return this.call(gateway.freeswitch_channels, "freeswitch_channels", texts([]));
  }

  cdr(callID: string): Result {
    return this.call(gateway.freeswitch_cdr, "freeswitch_cdr", texts([callID]));
  }

  recording(callID: string): Attachment {
    return attachment("freeswitch_recording", this.call(gateway.freeswitch_recording, "freeswitch_recording", texts([callID])));
  }

  /** Performs an operation, waits for its end, and takes its answer: [failure, body]. */
  private call(operation: Import, name: string, request: Writer): Result {
    const result = new Result();
    if (request.size > MAX_MESSAGE) {
      result.failure = Failure.of("too_large", "", "plugin", name + ": the request is over 16 MiB");
      return result;
    }
    const n = operation(this.id, changetype<usize>(request.data), request.size);
    const answer = new ArrayBuffer(n);
    gateway.take(changetype<usize>(answer));
    const r = Reader.message(answer);
    const failure = r.value();
    result.body = r.value();
    let fault = r.fault;
    if (fault == Fault.None && failure.size > 0) {
      const inner = Reader.inner(failure);
      result.failure = new Failure().read(inner);
      result.body = new Value();
      fault = inner.fault;
    }
    if (fault != Fault.None) {
      result.failure = broken(name);
      result.body = new Value();
    }
    return result;
  }
}

/** Something happened, but what came of it cannot be read. */
function broken(operation: string): Failure {
  const f = Failure.of("internal", "", "host", operation + ": the answer is no message");
  f.sent = true;
  return f;
}

function texts(all: Array<string>): Writer {
  const w = new Writer();
  w.array(all.length);
  for (let i = 0; i < all.length; i++) w.text(all[i]);
  return w;
}

function attachment(operation: string, result: Result): Attachment {
  const a = new Attachment();
  a.failure = result.failure;
  if (result.failure != null) return a;
  const r = Reader.inner(result.body);
  a.id = <u32>r.int(0, u32.MAX_VALUE);
  a.size = r.int(i64.MIN_VALUE, i64.MAX_VALUE);
  a.contentType = r.text();
  a.rows = <i32>r.int(0, i32.MAX_VALUE);
  a.next = r.text();
  if (r.fault != Fault.None) a.failure = broken(operation);
  return a;
}
