// A gateway that answers what it is told, around one guest.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { decode, encode } from "./msgpack.mjs";

const program = new WebAssembly.Module(readFileSync(process.env.GUEST));

export const ACTION = 1n;
export const OPERATION = 2n;

export class Gateway {
  /** The answer of every operation. */
  answer = encode([null, null]);
  operation = "";
  request = null;
  lines = [];
  replied = null;

  constructor() {
    let waiting = null;
    const begin = (name) => (task, p, n) => {
      assert.equal(task, 7);
      assert.equal(waiting, null, "an operation before the answer to the last was taken");
      this.operation = name;
      this.request = this.#bytes(p, n);
      waiting = this.answer;
      return waiting.length;
    };
    const operations = Object.fromEntries(
      WebAssembly.Module.imports(program).filter((i) => i.module === "patchbay_blocking").map((i) => [i.name, begin(i.name)]),
    );
    const take = (p) => {
      assert.notEqual(waiting, null, "take without an answer");
      new Uint8Array(this.exports.memory.buffer).set(waiting, p);
      waiting = null;
    };
    const reply = (task, p, n) => {
      assert.equal(task, 7);
      assert.equal(this.replied, null, "a second reply");
      this.replied = this.#bytes(p, n);
    };
    const log = (level, p, n) => this.lines.push([level, Buffer.from(this.#bytes(p, n)).toString()]);
    this.exports = new WebAssembly.Instance(program, { patchbay: { reply, log }, patchbay_blocking: { ...operations, take } }).exports;
    this.exports._initialize();
  }

  #bytes(p, n) {
    return new Uint8Array(this.exports.memory.buffer).slice(p >>> 0, (p >>> 0) + n);
  }

  /** Gives bytes to the guest as a request; returns the state and the reply. */
  deliver(bytes) {
    this.replied = null;
    const p = this.exports.patchbay_buffer(bytes.length) >>> 0;
    new Uint8Array(this.exports.memory.buffer).set(bytes, p);
    const state = this.exports.patchbay_start(7, bytes.length);
    assert.ok(state === 1 || state === 2, `state ${state}`);
    assert.ok(this.replied, "no reply");
    return { state, message: this.replied, fields: decode(this.replied) };
  }

  /** Runs an action of the test guest and returns the body of its reply. */
  run(name, params = {}) {
    const r = this.task(ACTION, name, params);
    assert.equal(r.state, 1, `${name}: ${JSON.stringify(r.fields.map(String))}`);
    return r.fields[2];
  }

  /** Runs one that fails and returns the fields of its error. */
  fail(name, params = {}) {
    const r = this.task(ACTION, name, params);
    assert.equal(r.state, 2, `${name} did not fail`);
    return r.fields;
  }

  task(kind, name, params, point = "") {
    return this.deliver(encode([kind, point, name, params, "", "", "", 1000n, null]));
  }
}
