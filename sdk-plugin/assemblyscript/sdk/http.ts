// HTTP requests to upstreams.

import { Failure, Reader, Reply } from "./abi/message";
import { Obj, Value } from "./abi/value";
import { Writer } from "./abi/writer";
import { busy, refused, unavailable, uncertain } from "./reply";
import { base64, form, json, textOf } from "./text";

/** How the gateway reads the answer's body, so that plugins need no parsers. */
export enum Parse {
  None, Auto, JSON, XML, Form
}

/** A request; the setters return it, so that it is written in one go. */
export class Request {
  private verb: string = "";
  private headers: Obj = new Obj();
  private count: i32 = 0;
  private content: Uint8Array = new Uint8Array(0);
  private time: i32 = 0;
  private parser: Parse = Parse.Auto;
  private most: i32 = 0;
  private redirects: bool = false;

  constructor(private url: string) {}

  /** POST with a body and GET without, unless told. */
  method(verb: string): Request {
    this.verb = verb;
    return this;
  }

  header(name: string, value: string): Request {
    this.headers.str(name, value);
    this.count++;
    return this;
  }

  /** Authorization: Bearer … */
  bearer(token: string): Request {
    return this.header("authorization", "Bearer " + token);
  }

  /** Authorization: Basic … */
  basic(login: string, password: string): Request {
    return this.header("authorization", "Basic " + base64(Value.text(login + ":" + password).bytes()));
  }

  /** Adds the pairs of a map to the address. */
  query(map: Value): Request {
    this.url += (this.url.includes("?") ? "&" : "?") + textOf(form(map));
    return this;
  }

  json(body: Value): Request {
    return this.body(json(body), "application/json");
  }

  form(map: Value): Request {
    return this.body(form(map), "application/x-www-form-urlencoded");
  }

  body(content: Uint8Array, contentType: string = ""): Request {
    this.content = content;
    return contentType.length > 0 ? this.header("content-type", contentType) : this;
  }

  /** Milliseconds; without it the time of the task. */
  timeout(ms: i32): Request {
    this.time = ms;
    return this;
  }

  /** By content type, unless told. */
  parse(how: Parse): Request {
    this.parser = how;
    return this;
  }

  /** Limit of the answer, in bytes. */
  limit(bytes: i32): Request {
    this.most = bytes;
    return this;
  }

  /** Follows redirects: never for what must not happen twice. */
  follow(): Request {
    this.redirects = true;
    return this;
  }

  write(w: Writer): void {
    const verb = this.verb.length > 0 ? this.verb : this.content.length > 0 ? "POST" : "GET";
    w.array(8);
    w.text(verb);
    w.text(this.url);
    if (this.count > 0) this.headers.write(w);
    else w.nil();
    w.bytes(this.content.dataStart, this.content.length);
    w.int(this.time);
    w.uint(this.parser);
    w.int(this.most);
    w.bool(!this.redirects);
  }
}

/** The answer of an upstream: every status is one. */
export class Response {
  /** No answer; its sent tells whether the request may have arrived. */
  failure: Failure | null = null;
  status: i32 = 0;
  /** A map of texts, names in lower case. */
  header: Value = new Value();
  /** A byte string. */
  body: Value = new Value();
  /** The parsed body; missing when it could not be parsed. */
  data: Value = new Value();

  /** Whether there is an answer with a status 200 to 299. */
  get ok(): bool {
    return this.failure == null && this.status >= 200 && this.status <= 299;
  }

  read(r: Reader): void {
    this.status = <i32>r.int(0, i32.MAX_VALUE);
    this.header = r.value();
    this.body = r.bytes();
    this.data = r.value();
  }
}

/**
 * The reply for an answer that is no success: 4xx said no, 429 not now, and nobody
 * knows what anything else means, a 2xx that is not understood included. why, for
 * the log, is what the answer says about it.
 */
export function unsuccessful(system: string, answer: Response, why: string = ""): Reply {
  if (answer.failure != null) return unavailable(system, answer.failure);
  const detail = "HTTP " + answer.status.toString() + (why.length > 0 ? ": " + why : "");
  if (answer.status == 429) return busy(system, detail, 1000);
  if (answer.status >= 400 && answer.status <= 499) return refused(system, detail);
  return uncertain(system, detail);
}
