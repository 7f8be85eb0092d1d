// What the tests ask the SDK for, through the door that the gateway uses: each
// action does one thing with its parameters.

import { Fault, Kind, MAX_MESSAGE } from "../sdk/abi/codec";
import { floatText, parseDecimal, parseInteger, parsed } from "../sdk/abi/number";
import {
  Failure, List, Obj, Parse, Reply, Report, Request, Response, Result, Task, Value, action, configure, escape, fail, form,
  invalid, json, list, log, notFound, notNow, object, ok, operation, raw, refused, rows, setting, settings, unavailable,
  uncertain, unsuccessful,
} from "../sdk";
import { Attachment } from "../sdk/task";

export * from "../sdk/guest";

/** A value once more, decoded and written. */
function rewrite(v: Value): Value {
  switch (v.kind) {
    case Kind.Bool: return Value.bool(v.bool());
    case Kind.Int: return v.isInt ? Value.int(v.int()) : Value.uint(v.uint());
    case Kind.Float: return Value.float(v.float());
    case Kind.Text: return Value.text(v.text());
    case Kind.Bytes: return Value.bytes(v.bytes());
    case Kind.Array: {
      const all = list();
      const elements = v.elements();
      for (let i = 0; i < elements.length; i++) all.add(rewrite(elements[i]));
      return all;
    }
    case Kind.Map: {
      const all = object();
      const entries = v.entries();
      for (let i = 0; i < entries.length; i++) all.set(entries[i].key, rewrite(entries[i].value));
      return all;
    }
    default: return Value.nil();
  }
}

/** Uses every accessor; the results do not matter. */
function readAll(v: Value, depth: i32): void {
  v.text();
  v.bytes();
  v.int();
  v.uint();
  v.float();
  v.bool();
  v.exists;
  v.length;
  v.path("a.0.b");
  v.index(3);
  v.get("");
  if (depth > 3) return;
  const elements = v.elements();
  for (let i = 0; i < elements.length; i++) readAll(elements[i], depth + 1);
  const entries = v.entries();
  for (let i = 0; i < entries.length; i++) readAll(entries[i].value, depth + 1);
}

/** The bytes of a parameter as a value of its own, which nobody checked. */
function given(task: Task): Value {
  const b = task.params.get("bytes").bytes();
  return new Value(b.buffer, 0, b.length);
}

action("check", (task: Task): Reply => {
  const v = given(task);
  readAll(v, 0);
  json(v);
  form(v);
  return ok(Value.int(v.check()));
});

action("peek", (task: Task): Reply => {
  const v = given(task);
  return ok(list().add(Value.text(v.text())).add(Value.bytes(v.bytes())).add(Value.int(v.length)));
});

action("rewrite", (task: Task): Reply => ok(Value.bytes(bytesOf(rewrite(given(task))))));

function bytesOf(v: Value): Uint8Array {
  return Uint8Array.wrap(v.data, v.at, v.size);
}

// ---- messages that the SDK writes ----

const params = (): Obj => object().str("phone", "89190000000").str("message", "Привет");

function written(task: Task, name: string): Reply {
  const r = new Reply();
  if (name == "reply/value") {
    r.status = 200;
    r.body = object().str("result", "OK");
  } else if (name == "reply/bytes") {
    const wav = raw("audio/wav", Value.bytes(task.params.get("content").bytes()).bytes());
    wav.status = 201;
    wav.filename = "a.wav";
    return wav;
  } else if (name == "reply/attachment") {
    const a = new Attachment();
    a.id = u32.MAX_VALUE;
    a.next = "c2";
    const attached = a.reply();
    attached.format = "csv";
    return attached;
  } else if (name == "reply/rows") {
    const page = rows(list().add(object().str("Id", "3").set("x", new Value())), "xlsx");
    page.filename = "sms.xlsx";
    page.wrap = true;
    return page;
  } else if (name == "error/empty") {
    return fail(new Failure());
  } else if (name == "error/unavailable") {
    const f = Failure.of("unavailable", "SMS", "upstream", "dial: refused");
    f.status = 502;
    f.sent = true;
    f.retry = 1500;
    return fail(f);
  } else if (name == "http/request") {
    task.fetch(new Request("https://api.example.com/send").method("POST").header("content-type", "application/json")
      .body(Value.text('{"a":1}').bytes()).timeout(3000).parse(Parse.JSON).limit(1 << 20));
  } else if (name == "provider/call") {
    task.ask("sms.provider", "balance", "mts-main", new Value(), 1000);
  } else if (name == "freeswitch/originate") {
    task.originate("89100000000", "1001", "1234");
  } else if (name == "journal/begin") {
    task.beginSMS(params());
  } else if (name == "journal/end") {
    task.endSMS("98", "unknown", object().num("segments", 2));
  } else if (name == "journal/report") {
    const q = new Report();
    q.kind = "badRequest";
    q.start = "2022-11-10";
    q.stop = "2022-11-11 23:59:59";
    q.zone = "Europe/Moscow";
    q.limit = 100;
    q.cursor = "c1";
    q.extended = true;
    task.report(q);
  } else if (name == "journal/receipt") {
    task.receipts("kannel", list().add(object().str("reference", "98").str("status", "delivered").str("at", "2026-11-22T02:00:00Z")));
  } else if (name == "journal/find") {
    task.findMessage("kannel", "c0ffee");
  } else if (name == "kv/get") {
    task.get("token");
  } else if (name == "kv/put") {
    task.put("token", "abc", 3600);
  }
  return r;
}

action("write", (task: Task): Reply => written(task, task.param("vector")));

// ---- operations and their answers ----

function seen(failure: Failure | null, body: Value): Reply {
  return failure ? fail(failure) : ok(body);
}

function operate(task: Task, name: string): Result {
  if (name == "kv_get") return task.get("k");
  if (name == "kv_put") return task.put("k", "v");
  if (name == "kv_delete") return task.remove("k");
  if (name == "kv_list") return task.keys("k", 5);
  if (name == "provider_list") return task.providers("sms.provider");
  if (name == "provider_call") return task.ask("sms.provider", "send", "a", params());
  if (name == "journal_begin") return task.beginSMS(params());
  if (name == "journal_end") return task.endSMS("1", "OK", params());
  if (name == "journal_receipt") return task.receipts("a", list());
  if (name == "journal_find") return task.findSMS("1");
  if (name == "users_list") return task.users();
  if (name == "freeswitch_originate") return task.originate("1", "2", "3");
  if (name == "freeswitch_queues") return task.queues();
  if (name == "freeswitch_tiers") return task.tiers();
  if (name == "freeswitch_agents") return task.agents();
  if (name == "freeswitch_channels") return task.channels();
  return task.cdr("id");
}

action("operate", (task: Task): Reply => {
  const r = operate(task, task.param("operation"));
  return seen(r.failure, r.body);
});

action("attachment", (task: Task): Reply => {
  const a = task.param("operation") == "journal_report" ? task.report(new Report()) : task.recording("id");
  return seen(a.failure, list().add(Value.int(a.id)).add(Value.int(a.size)).add(Value.text(a.contentType))
    .add(Value.int(a.rows)).add(Value.text(a.next)));
});

action("fetch", (task: Task): Reply => {
  const p = task.params;
  const request = new Request(task.param("url"));
  if (p.get("json").exists) request.json(p.get("json"));
  if (p.get("form").exists) request.form(p.get("form"));
  if (p.get("query").exists) request.query(p.get("query"));
  if (p.get("bearer").exists) request.bearer(task.param("bearer"));
  if (p.get("login").exists) request.basic(task.param("login"), task.param("password"));
  if (p.get("follow").bool()) request.follow();
  const answer = task.fetch(request);
  return seen(answer.failure, list().add(Value.int(answer.status)).add(answer.header).add(answer.body).add(answer.data));
});

action("oversized", (task: Task): Reply => {
  const r = task.putBytes("k", new Uint8Array(MAX_MESSAGE));
  return seen(r.failure, r.body);
});

action("status", (task: Task): Reply => {
  const answer = new Response();
  answer.status = <i32>task.params.get("status").int();
  return answer.ok ? ok() : unsuccessful("ACME", answer, task.param("why"));
});

action("failure", (task: Task): Reply => {
  const name = task.param("name");
  if (name == "invalid") return invalid("phone", "no digits");
  if (name == "refused") return refused("ACME", "blocked");
  if (name == "notNow") return notNow("ACME", "no money");
  if (name == "uncertain") return uncertain("ACME", "garbage");
  if (name == "notFound") return notFound("Wrong ID!");
  if (name == "unavailable") return unavailable("ACME");
  if (name == "long") return refused("ACME", "x".repeat(1 << 20));
  if (name == "large") return raw("text/plain", new Uint8Array(MAX_MESSAGE));
  const cause = Failure.of(name, "", name == "denied" ? "host" : "upstream", "why");
  cause.sent = name == "timeout";
  cause.retry = 5;
  return unavailable("ACME", cause);
});

// ---- texts and numbers ----

action("text", (task: Task): Reply => {
  const v = task.params.get("v");
  return ok(object().set("json", Value.bytes(json(v))).set("form", Value.bytes(form(v))).str("escape", escape(v.text())));
});

action("floats", (task: Task): Reply => {
  const all = list();
  const values = task.params.get("v").elements();
  for (let i = 0; i < values.length; i++) all.add(Value.text(floatText(values[i].float())));
  return ok(all);
});

action("parse", (task: Task): Reply => {
  const s = task.param("s");
  const all = list();
  all.add(parseInteger(s) ? Value.int(parsed.int) : Value.nil());
  all.add(parseDecimal(s) ? Value.float(parsed.float) : Value.nil());
  return ok(all);
});

action("path", (task: Task): Reply => ok(task.params.get("v").path(task.param("path"))));

/** Half a surrogate pair, which no text of the gateway can hold. */
action("surrogate", (task: Task): Reply => ok(Value.text("a" + String.fromCharCode(0xd800) + "z")));

/** Maps and arrays that are written while they are values already. */
action("grow", (task: Task): Reply => {
  const all = list();
  const map = object();
  const n = <i32>task.params.get("n").int();
  for (let i = 0; i < n; i++) {
    if (all.length != i || map.length != i) return fail(Failure.of("internal", "", "plugin", "at " + i.toString()));
    all.add(Value.int(i));
    map.num(i.toString(), i);
  }
  return ok(list().add(all).add(map));
});

// ---- tasks ----

let kept: Value = new Value();

configure((task: Task): Reply => {
  kept = task.params.get("token");
  return task.params.get("bad").exists ? invalid("url") : ok();
});

action("kept", (task: Task): Reply => ok(object().set("kept", kept).set("settings", settings()).str("token", setting("token"))));

action("garbage", (task: Task): Reply => {
  let n: i64 = 0;
  for (let i = 0; i < 3000; i++) n += new ArrayBuffer(100000).byteLength;
  for (let i = 0; i < 500000; i++) n += new Value().size;
  return ok(Value.int(n));
});

action("throw", (task: Task): Reply => {
  throw new Error("on purpose");
});

action("log", (task: Task): Reply => {
  log.warn("status 503 ц");
  return ok();
});

function about(task: Task): Reply {
  const phone = task.phone("phone");
  return ok(object().str("point", task.point).str("name", task.name).str("instance", task.instance).str("id", task.requestID)
    .str("user", task.user).num("timeout", task.timeout).str("message", task.param("message")).str("e164", phone.e164)
    .str("region", phone.region).str("type", phone.type).set("settings", settings()));
}

action("send", about);
operation("sms.provider", "send", about);
