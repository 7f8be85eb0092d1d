// The guest of the conformance kit; sdk-plugin/abi/conformance says what it does.

import {
  Failure, List, Parse, Reply, Request, Result, Task, Value, configure, fail, invalid, list, log, object, ok, operation,
  setting, settings,
} from "../sdk";

export * from "../sdk/guest";

const POINT = "conformance.kit";

configure((task: Task): Reply => {
  const refuse = setting("refuse");
  return refuse.length > 0 ? invalid(refuse) : ok();
});

operation(POINT, "echo", (task: Task): Reply => ok(task.params));

operation(POINT, "describe", (task: Task): Reply =>
  ok(object()
    .str("instance", task.instance)
    .str("user", task.user)
    .flag("request_id_is_set", task.requestID.length > 0)
    .str("name", task.name)
    .str("point", task.point)));

operation(POINT, "settings", (task: Task): Reply => ok(settings()));

function parser(name: string): Parse {
  if (name == "json") return Parse.JSON;
  if (name == "xml") return Parse.XML;
  if (name == "form") return Parse.Form;
  return name == "auto" ? Parse.Auto : Parse.None;
}

operation(POINT, "fetch", (task: Task): Reply => {
  const p = task.params;
  const request = new Request(task.param("url"))
    .method(task.param("method"))
    .body(p.get("body").bytes())
    .timeout(<i32>p.get("timeout_ms").int())
    .parse(parser(task.param("parse")))
    .follow();
  const header = p.get("header").entries();
  for (let i = 0; i < header.length; i++) request.header(header[i].key, header[i].value.text());
  const answer = task.fetch(request);
  if (answer.failure) return fail(answer.failure!);
  return ok(object()
    .num("status", answer.status)
    .set("header", answer.header)
    .str("body", answer.body.text())
    .set("data", answer.data));
});

operation(POINT, "fetch_twice", (task: Task): Reply => {
  const first = task.fetch(new Request(task.param("first")));
  if (first.failure) return fail(first.failure!);
  const second = task.fetch(new Request(task.param("second")));
  if (second.failure) return fail(second.failure!);
  return ok(list().add(Value.int(first.status)).add(Value.int(second.status)));
});

/** Pairs of [key, bytes] as [[key, text], …]. */
function pairs(all: Array<Value>): Value {
  const texts = list();
  for (let i = 0; i < all.length; i++) texts.add(list().add(all[i].index(0)).add(Value.text(all[i].index(1).text())));
  return texts;
}

/** One step of kv; its failure is returned. */
function step(task: Task, s: Value, results: List): Failure | null {
  const verb = s.index(0).text();
  const key = s.index(1).text();
  let r: Result;
  if (verb == "put") {
    r = task.putBytes(key, s.index(2).bytes(), s.index(3).int());
    results.add(Value.bool(true));
  } else if (verb == "get") {
    r = task.get(key);
    const missing = r.failure != null && r.failure!.code == "not_found";
    if (missing) r.failure = null;
    results.add(missing ? Value.nil() : Value.text(r.body.text()));
  } else if (verb == "list") {
    r = task.keys(key, <i32>s.index(2).int());
    results.add(pairs(r.body.elements()));
  } else {
    r = task.remove(key);
    results.add(Value.bool(true));
  }
  return r.failure;
}

operation(POINT, "kv", (task: Task): Reply => {
  const results = list();
  const steps = task.params.get("steps").elements();
  for (let i = 0; i < steps.length; i++) {
    const failure = step(task, steps[i], results);
    if (failure) return fail(failure);
  }
  return ok(results);
});

operation(POINT, "fail", (task: Task): Reply => {
  const f = Failure.of(task.param("code"), task.param("message"), task.param("source"), task.param("detail"));
  f.status = <i32>task.params.get("status").int();
  f.sent = task.params.get("sent").bool();
  f.retry = <i32>task.params.get("retry_ms").int();
  return fail(f);
});

operation(POINT, "crash", (task: Task): Reply => {
  throw new Error("crashed, as asked");
});

operation(POINT, "log", (task: Task): Reply => {
  const level = task.param("level");
  const text = task.param("text");
  if (level == "debug") log.debug(text);
  else if (level == "warn") log.warn(text);
  else if (level == "error") log.error(text);
  else log.info(text);
  return ok(Value.nil());
});

operation(POINT, "spin", (task: Task): Reply => {
  let n: i64 = 0;
  while (true) n++;
  return ok(Value.int(n));
});
