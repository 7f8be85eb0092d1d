// Tasks: messages, settings, failures, operations, memory.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gateway } from "./gateway.mjs";
import { decode, encode } from "./msgpack.mjs";

const vectors = Object.fromEntries(JSON.parse(readFileSync(process.env.VECTORS, "utf8")).map((v) => [v.name, new Uint8Array(Buffer.from(v.hex, "hex"))]));

test("messages are the bytes of the golden vectors", () => {
  const g = new Gateway();
  const operations = { "http/request": "http_fetch", "provider/call": "provider_call", "freeswitch/originate": "freeswitch_originate", "journal/begin": "journal_begin",
    "journal/end": "journal_end", "journal/report": "journal_report", "journal/receipt": "journal_receipt", "journal/find": "journal_find", "kv/get": "kv_get", "kv/put": "kv_put" };
  const names = ["reply/empty", "reply/value", "reply/bytes", "reply/attachment", "reply/rows", "error/empty", "error/unavailable", ...Object.keys(operations)];
  for (const vector of names) {
    const r = g.task(1n, "write", { vector, content: new Uint8Array([0, 255]) });
    assert.deepEqual(operations[vector] ? g.request : r.message, vectors[vector], vector);
    if (operations[vector]) assert.equal(g.operation, operations[vector]);
  }
});

test("requests of the golden vectors", () => {
  const g = new Gateway();
  assert.equal(g.deliver(vectors["request/configure"]).state, 1);
  let about = g.deliver(vectors["request/action"]).fields[2];
  assert.deepEqual(Object.fromEntries(about), {
    point: "", name: "send", instance: "", id: "0197f3", user: "API_test_2", timeout: 15000n, message: "Привет", e164: "+79190000000", region: "RU", type: "mobile",
    settings: new Map([["url", "http://127.0.0.1:8090"]]),
  });
  about = g.deliver(vectors["request/operation"]).fields[2];
  assert.equal(about.get("instance"), "backup");
  assert.equal(about.get("timeout"), 70000n);
  assert.equal(g.deliver(vectors["request/health"]).state, 1);
  assert.equal(g.deliver(vectors["request/empty"]).state, 1);
});

test("answers of the golden vectors", () => {
  const g = new Gateway();
  g.answer = vectors["answer/body"];
  assert.equal(g.run("operate", { operation: "journal_begin" }), "98");
  g.answer = vectors["answer/nothing"];
  assert.equal(g.run("operate", { operation: "kv_delete" }), null);
  g.answer = vectors["answer/error"];
  assert.deepEqual(g.fail("operate", { operation: "kv_get" }), ["denied", 0n, "", "host", "not granted", false, 0n]);
  const body = (name) => new Uint8Array([0x92, 0xc0, ...vectors[name]]);
  g.answer = body("http/response");
  assert.deepEqual(g.run("fetch", { url: "https://x.example/" }), decode(vectors["http/response"]));
  g.answer = body("attachment");
  assert.deepEqual(g.run("attachment"), [1n, -1n, "audio/wav", 0n, ""]);
  g.answer = body("attachment/rows");
  assert.deepEqual(g.run("attachment", { operation: "journal_report" }), decode(vectors["attachment/rows"]));
});

test("every operation has its import", () => {
  const g = new Gateway();
  for (const operation of ["kv_get", "kv_put", "kv_delete", "kv_list", "provider_list", "provider_call", "journal_begin", "journal_end", "journal_receipt", "journal_find", "users_list", "freeswitch_originate",
    "freeswitch_queues", "freeswitch_tiers", "freeswitch_agents", "freeswitch_channels", "freeswitch_cdr"]) {
    g.run("operate", { operation });
    assert.equal(g.operation, operation);
    assert.ok(Array.isArray(decode(g.request)));
  }
});

test("requests that are no message are refused, older and newer ones served", () => {
  const g = new Gateway();
  for (const c of ["", "c0", "80", "99", "9900", "91a178", "91cd0100", "9900a0a0c0a0a0a0cf7fffffffffffffff", "9100c0", "920001", "9900a1ff"]) {
    const r = g.deliver(new Uint8Array(Buffer.from(c, "hex")));
    assert.equal(r.state, 2, c);
    assert.deepEqual([r.fields[0], r.fields[3]], ["internal", "host"], c);
  }
  for (const c of ["90", "9100", "9a00a0a0c0a0a0a000c0c3"]) assert.equal(g.deliver(new Uint8Array(Buffer.from(c, "hex"))).state, 1, c);
  for (const [kind, name, point] of [[1n, "unknown", ""], [2n, "unknown", "sms.provider"], [2n, "send", "other.point"], [9n, "send", ""]]) {
    const r = g.task(kind, name, {}, point);
    assert.deepEqual([r.state, r.fields[0], r.fields[3]], [2, "internal", "plugin"], name);
  }
});

test("a message over the limit is none", () => {
  const g = new Gateway();
  const large = new Uint8Array((16 << 20) + 1);
  large.set([0x91, 0xc6, 0x00, 0xff, 0xff, 0xfb]);
  assert.deepEqual(g.deliver(large).fields.slice(0, 4), ["internal", 0n, "", "host"]);
  assert.equal(g.task(1n, "log", {}).state, 1);
});

test("broken answers are an error that something may have happened", () => {
  const g = new Gateway();
  for (const c of ["", "c0", "92c0", "92c0c0c0", "92c05f", "92c091a0", "9293a0a0a0c0", "92a0c0", "92c094ffc0c0c0", "92c0a1ff"]) {
    g.answer = new Uint8Array(Buffer.from(c, "hex"));
    const [code, , , source, , sent] = g.fail("fetch", { url: "https://x.example/" });
    assert.deepEqual([code, source, sent], ["internal", "host", true], c);
  }
});

test("HTTP requests", () => {
  const g = new Gateway();
  g.answer = encode([null, [200n, null]]);
  g.run("fetch", { url: "https://x.example/a?b=1", query: { c: "d e" } });
  assert.deepEqual(decode(g.request), ["GET", "https://x.example/a?b=1&c=d%20e", null, new Uint8Array(), 0n, 1n, 0n, true]);
  g.run("fetch", { url: "https://x.example/", json: { to: "+7" }, bearer: "T", follow: true });
  let [method, , header, body, , , , noRedirect] = decode(g.request);
  assert.deepEqual([method, Buffer.from(body).toString(), noRedirect], ["POST", '{"to":"+7"}', false]);
  assert.deepEqual(Object.fromEntries(header), { "content-type": "application/json", authorization: "Bearer T" });
  g.run("fetch", { url: "https://x.example/", login: "Aladdin", password: "open sesame" });
  assert.equal(decode(g.request)[2].get("authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "RFC 7617");
  g.run("fetch", { url: "https://x.example/", form: { a: 1n, b: "c d" } });
  [method, , header, body] = decode(g.request);
  assert.deepEqual([method, Buffer.from(body).toString()], ["POST", "a=1&b=c%20d"]);
  assert.deepEqual(Object.fromEntries(header), { "content-type": "application/x-www-form-urlencoded" });
});

test("what an unsuccessful answer means", () => {
  const g = new Gateway();
  for (const status of [200n, 204n, 299n]) g.run("status", { status });
  const cases = { 400: ["refused", false], 401: ["refused", false], 422: ["refused", false], 429: ["busy", false], 499: ["refused", false], 500: ["unavailable", true],
    502: ["unavailable", true], 503: ["unavailable", true], 302: ["unavailable", true], 199: ["unavailable", true], 0: ["unavailable", true] };
  for (const [status, want] of Object.entries(cases)) {
    const [code, , message, source, detail, sent, retry] = g.fail("status", { status: BigInt(status), why: "no" });
    assert.deepEqual([code, sent], want, status);
    assert.deepEqual([message, source, detail, retry], ["ACME", "upstream", `HTTP ${status}: no`, status === "429" ? 1000n : 0n]);
  }
});

test("failures", () => {
  const g = new Gateway();
  const cases = {
    invalid: ["invalid", "phone", "caller", false], refused: ["refused", "ACME", "upstream", false], notNow: ["unavailable", "ACME", "upstream", false],
    uncertain: ["unavailable", "ACME", "upstream", true], notFound: ["not_found", "Wrong ID!", "caller", false], unavailable: ["unavailable", "ACME", "upstream", false],
    timeout: ["timeout", "ACME", "upstream", true], busy: ["busy", "ACME", "upstream", false], denied: ["unavailable", "ACME", "host", false],
    long: ["refused", "ACME", "upstream", false], large: ["too_large", "", "plugin", true],
  };
  for (const [name, want] of Object.entries(cases)) {
    const [code, , message, source, , sent] = g.fail("failure", { name });
    assert.deepEqual([code, message, source, sent], want, name);
  }
  g.operation = "";
  assert.equal(g.fail("oversized")[0], "too_large");
  assert.equal(g.operation, "", "an oversized request left");
});

test("settings stay, whatever tasks come", () => {
  const g = new Gateway();
  const settings = { token: "secret", url: "https://x.example" };
  assert.equal(g.task(0n, "", settings).state, 1);
  for (let i = 0; i < 200; i++) {
    const kept = g.run("kept", { junk: "x".repeat(i * 50) });
    assert.deepEqual([kept.get("kept"), kept.get("token"), kept.get("settings")], ["secret", "secret", new Map(Object.entries(settings))]);
  }
  const r = g.task(0n, "", { bad: true });
  assert.deepEqual([r.state, r.fields[0], r.fields[2]], [2, "invalid", "url"]);
});

test("memory does not grow with garbage", () => {
  const g = new Gateway();
  g.run("garbage");
  const before = g.exports.memory.buffer.byteLength;
  for (let i = 0; i < 5; i++) g.run("garbage");
  for (let i = 0; i < 3000; i++) g.run("kept", { junk: "x".repeat(2000) });
  assert.equal(g.exports.memory.buffer.byteLength, before);
  assert.ok(before <= 4 << 20, `${before} bytes for 300 MB of garbage`);
});

test("a thrown error is logged and ends the guest", () => {
  const g = new Gateway();
  assert.throws(() => g.task(1n, "throw", {}), WebAssembly.RuntimeError);
  assert.equal(g.lines.length, 1);
  assert.match(g.lines[0][1], /^on purpose at test\/guest\.ts:\d+:\d+$/);
  assert.equal(g.lines[0][0], 5);
});

test("log lines are UTF-8", () => {
  const g = new Gateway();
  g.run("log");
  assert.deepEqual(g.lines, [[4, "status 503 ц"]]);
});
