// The plugin's log. Never log secrets, phone numbers or message texts.

import { Writer } from "./abi/writer";
import * as gateway from "./imports";

function line(level: u32, text: string): void {
  const w = new Writer(text.length);
  w.plain(text);
  gateway.log(level, changetype<usize>(w.data), w.size);
}

export namespace log {
  export function debug(text: string): void {
    line(2, text);
  }
  export function info(text: string): void {
    line(3, text);
  }
  export function warn(text: string): void {
    line(4, text);
  }
  export function error(text: string): void {
    line(5, text);
  }
}

/**
 * What the compiler calls for a thrown error and a failed assertion, by its option
 * --use abort=sdk/log/abort. The guest ends; the task is answered with internal.
 */
export function abort(message: string | null, file: string | null, row: u32, column: u32): void {
  let text = message != null ? message : "aborted";
  if (file != null) text += " at " + file + ":" + row.toString() + ":" + column.toString();
  log.error(text);
  unreachable();
}
