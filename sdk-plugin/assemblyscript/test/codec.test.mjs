// The codec: bad input first, golden vectors, values, numbers and texts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gateway } from "./gateway.mjs";
import { Fault, decode, describe, encode } from "./msgpack.mjs";

const FAULTS = ["None", "Short", "Tag", "TooDeep", "NotUTF8", "NotAKey", "Trailing", "NotAMessage"];
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const hex = (s) => new Uint8Array(Buffer.from(s.replaceAll(" ", ""), "hex"));

/** What the reference says about bytes. */
function verdict(bytes) {
  try {
    decode(bytes);
    return "None";
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    return e.fault;
  }
}

test("malformed bytes", () => {
  const g = new Gateway();
  const cases = `| c1 | c7 | d4 | d8 | d40101 | cc | cd00 | cf00000000000000 | ca000000 | a161 | a261 | d9 | d90161 | db0000000161 | dbffffffff61
    | c6ffffffff | 91 | ddffffffff | dfffffffff | df7fffffffa0c0 | 81a0 | 81a0c0 | 8101c0 | 81c400c0 | 81c0c0 | 8191a0c0c0 | c0c0 | 9000
    | 82a0c0a0c0 | a1ff | a180 | a2c080 | a2c3 | a1c3 | a3eda080 | a3e08080 | a4f4908080 | a4f0808080 | a4f48fbfbf | a3ee8080 | 81a1ffc0 | c401ff
    | a9616161616161616180`;
  for (const c of cases.split("|")) {
    const bytes = hex(c.trim());
    assert.equal(FAULTS[g.run("check", { bytes })], verdict(bytes), c);
  }
  for (let depth = 62; depth <= 67; depth++) {
    const bytes = new Uint8Array(depth + 1).fill(0x91);
    bytes[depth] = 0xc0;
    assert.equal(FAULTS[g.run("check", { bytes })], depth <= 64 ? "None" : "TooDeep", `depth ${depth}`);
  }
  assert.equal(FAULTS[g.run("check", { bytes: new Uint8Array(1 << 16).fill(0x91) })], "TooDeep");
});

test("a value that says it is longer than it is reads as missing", () => {
  const g = new Gateway();
  for (const c of ["a261", "bf61", "d90261", "dbffffffff61", "c40261", "c6ffffffff", "93c0", "83a161", "ddffffffff"]) {
    assert.deepEqual(g.run("peek", { bytes: hex(c) }), ["", new Uint8Array(), 0n], c);
  }
});

test("mutated vectors: the same verdict as the reference, and no trap", () => {
  const g = new Gateway();
  const seeds = vectors.map((v) => hex(v.hex));
  let state = 0x9e3779b9;
  const roll = (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
  const tags = [0xc0, 0xc1, 0xc4, 0xc6, 0xcb, 0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x81, 0x91, 0xa1, 0xff, 0x00, 0x80];
  let wellFormed = 0;
  for (let i = 0; i < 15000; i++) {
    let bytes = seeds[roll(seeds.length)].slice();
    for (let k = 1 + roll(4); k > 0 && bytes.length > 0; k--) {
      const at = roll(bytes.length);
      switch (roll(5)) {
        case 0: bytes[at] ^= 1 << roll(8); break;
        case 1: bytes[at] = tags[roll(tags.length)]; break;
        case 2: bytes = bytes.slice(0, at); break;
        case 3: bytes[at] = roll(256); break;
        default: bytes.copyWithin(at, 0);
      }
    }
    const want = verdict(bytes);
    const got = FAULTS[g.run("check", { bytes })];
    // Of several faults the two may name different ones.
    assert.equal(got === "None", want === "None", `${Buffer.from(bytes).toString("hex")}: ${got}, want ${want}`);
    if (want === "None") {
      wellFormed++;
      assert.deepEqual(decode(g.run("rewrite", { bytes })), decode(bytes));
    }
    g.answer = bytes;
    g.task(1n, "fetch", { url: "https://x.example/" });
    g.deliver(bytes);
  }
  assert.ok(wellFormed > 1000, `${wellFormed} well-formed: the mutations are too wild`);
});

test("golden vectors are read and written", () => {
  assert.ok(vectors.length >= 46);
  const g = new Gateway();
  for (const v of vectors) {
    const bytes = hex(v.hex);
    assert.deepEqual(describe(decode(bytes)), v.value, v.name);
    assert.equal(FAULTS[g.run("check", { bytes })], "None", v.name);
    assert.deepEqual(g.run("rewrite", { bytes }), bytes, v.name);
    for (let n = 0; n < bytes.length; n++) {
      assert.notEqual(FAULTS[g.run("check", { bytes: bytes.slice(0, n) })], "None", `${v.name}: cut at ${n}`);
    }
    assert.equal(FAULTS[g.run("check", { bytes: new Uint8Array([...bytes, 0xc0]) })], "Trailing", v.name);
  }
});

test("forms that writers do not use are read", () => {
  const g = new Gateway();
  for (const one of ["cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001", "d30000000000000001"]) {
    assert.deepEqual(g.run("rewrite", { bytes: hex(one) }), hex("01"), one);
  }
  assert.deepEqual(g.run("rewrite", { bytes: hex("ca3fc00000") }), encode(1.5));
  assert.deepEqual(g.run("rewrite", { bytes: hex("db00000001 61") }), encode("a"));
  for (const n of [(1n << 64n) - 1n, 1n << 63n, (1n << 63n) - 1n, -(1n << 63n)]) {
    assert.deepEqual(g.run("rewrite", { bytes: encode(n) }), encode(n), `${n}`);
  }
  for (const n of [0, 31, 32, 255, 256, 65535, 65536]) {
    for (const v of ["x".repeat(n), new Uint8Array(n), Array(n).fill(null), Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, true]))]) {
      const bytes = encode(v);
      assert.ok(Buffer.from(g.run("rewrite", { bytes })).equals(bytes), `size ${n}`);
    }
  }
});

test("maps and arrays grow", () => {
  const g = new Gateway();
  for (const n of [0, 1, 15, 16, 300]) {
    const [all, map] = g.run("grow", { n: BigInt(n) });
    assert.deepEqual(all, Array.from({ length: n }, (_, i) => BigInt(i)));
    assert.equal(map.size, n);
  }
  assert.equal(g.run("surrogate"), "a\ufffdz");
});

test("paths", () => {
  const g = new Gateway();
  const v = { a: { "": 3n, b: null, "ц": 7n }, rows: [{ id: 1n }, 5n] };
  const cases = { "rows.0.id": 1n, "rows.1": 5n, "a.": 3n, "a.ц": 7n, "a.b": null, "a.c": null, "rows.2": null, "rows.x": null, "rows.-1": null, "a.b.c": null,
    "rows.99999999999999999999": null };
  for (const [path, want] of Object.entries(cases)) assert.equal(g.run("path", { v, path }), want, path);
  assert.ok(g.run("path", { v, path: "" }) instanceof Map);
});

test("floats read back, and short ones stay short", () => {
  const g = new Gateway();
  const values = [0, -0, 1, -1.5, 0.1, 100.01, 1e21, 1e20, 123456789012345680000, 1e-6, 1e-7, 1.5e-9, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 9007199254740993];
  let x = 88172645463325252n;
  for (let i = 0; i < 5000; i++) {
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    const f = new Float64Array(new BigUint64Array([x]).buffer)[0];
    if (Number.isFinite(f)) values.push(f);
  }
  const texts = g.run("floats", { v: values });
  values.forEach((f, i) => assert.equal(Number(texts[i]), f === 0 ? 0 : f, `${f} became ${texts[i]}`));
  for (let i = 0; i < 16; i++) assert.equal(texts[i], String(values[i]));
  const amounts = Array.from({ length: 20000 }, (_, i) => (i * 7919 + 1) / [1, 10, 100, 1000, 10000][i % 5]);
  assert.deepEqual(g.run("floats", { v: amounts }), amounts.map(String));
  assert.deepEqual(g.run("floats", { v: [NaN, Infinity, -Infinity] }), ["null", "null", "null"]);
});

test("numbers in texts", () => {
  const g = new Gateway();
  const cases = {
    "7": [7n, 7], "+7": [7n, 7], "-9223372036854775808": [-(1n << 63n), -(2 ** 63)], "9223372036854775807": [(1n << 63n) - 1n, 2 ** 63],
    "9223372036854775808": [null, 2 ** 63], "-1.25e2": [null, -125], ".5": [null, 0.5], "": [null, null], "-": [null, null], "1 ": [null, null],
    "0x1": [null, null], "1e": [null, null], "nan": [null, null], "1e999": [null, null], "1,5": [null, null], "99999999999999999999": [null, 1e20],
  };
  for (const [s, want] of Object.entries(cases)) assert.deepEqual(g.run("parse", { s }), want, `'${s}'`);
});

test("JSON and forms", () => {
  const g = new Gateway();
  const v = { text: 'a"\\\n\r\t\x01 Привет/<>', list: [-3n, 0.5, null], yes: true, "": {} };
  const text = (b) => Buffer.from(b).toString();
  let got = g.run("text", { v });
  assert.equal(text(got.get("json")), '{"text":"a\\"\\\\\\n\\r\\t\\u0001 Привет/<>","list":[-3,0.5,null],"yes":true,"":{}}');
  for (const s of ["", "a", "ab", "abc", "abcd"]) {
    got = g.run("text", { v: Buffer.from(s) });
    assert.equal(text(got.get("json")), JSON.stringify(Buffer.from(s).toString("base64")));
  }
  got = g.run("text", { v: { to: "+7 919", text: "a&b=ц", n: [-3n, 0.5], no: null } });
  assert.equal(text(got.get("form")), "to=%2B7%20919&text=a%26b%3D%D1%86&n=-3&n=0.5");
  assert.equal(g.run("text", { v: "../a b~" }).get("escape"), "..%2Fa%20b~");
});
