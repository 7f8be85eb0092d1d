// The exports of a guest: a plugin's entry file says  export * from "./sdk/guest";

import { Fault, MAX_MESSAGE, VERSION } from "./abi/codec";
import { Failure, Reply } from "./abi/message";
import { Writer } from "./abi/writer";
import { serve } from "./handlers";
import * as gateway from "./imports";
import { fail } from "./reply";
import { CONFIGURE, Task, keepSettings } from "./task";

const FINISHED: u32 = 1;
const FAILED: u32 = 2;

let inbound = new ArrayBuffer(0);

export function patchbay_abi(): u32 {
  return VERSION;
}

export function patchbay_buffer(size: u32): usize {
  if (<u32>inbound.byteLength < max<u32>(size, 1)) inbound = new ArrayBuffer(max<u32>(size, 1));
  return changetype<usize>(inbound);
}

export function patchbay_start(id: u32, size: u32): u32 {
  return answer(id, run(id, size));
}

function run(id: u32, size: u32): Reply {
  const task = new Task(id);
  // A copy, so that a handler may keep what it likes.
  if (size > <u32>inbound.byteLength || task.read(inbound.slice(0, size)) != Fault.None) {
    return fail(Failure.of("internal", "", "host", "the request is no message"));
  }
  if (task.kind == CONFIGURE) keepSettings(task.params);
  return serve(task);
}

function answer(id: u32, reply: Reply): u32 {
  const w = new Writer(256);
  let failure = reply.failure;
  if (failure == null) {
    reply.write(w);
    if (w.size <= MAX_MESSAGE) {
      gateway.reply(id, changetype<usize>(w.data), w.size);
      return FINISHED;
    }
    failure = Failure.of("too_large", "", "plugin", "the reply is over 16 MiB");
    failure.sent = true;
    w.size = 0;
  }
  failure.write(w);
  gateway.reply(id, changetype<usize>(w.data), w.size);
  return FAILED;
}
