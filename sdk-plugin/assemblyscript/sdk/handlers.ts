// Which function serves what.

import { Failure, Reply } from "./abi/message";
import { fail, ok } from "./reply";
import { ACTION, CONFIGURE, HEALTH, OPERATION, Task } from "./task";

/** Serves one request. */
export type Handler = (task: Task) => Reply;

const handlers = new Map<string, Handler>();

function add(kind: i32, point: string, name: string, serve: Handler): void {
  handlers.set(kind.toString() + " " + point + " " + name, serve);
}

/** Serves an action of the manifest. */
export function action(name: string, serve: Handler): void {
  add(ACTION, "", name, serve);
}

/** Serves an operation of an extension point: operation("sms.provider", "send", send). */
export function operation(point: string, name: string, serve: Handler): void {
  add(OPERATION, point, name, serve);
}

/**
 * Looks at the settings before the first task. A failure keeps the instance from
 * starting; its message is what the operator reads. Optional.
 */
export function configure(check: Handler): void {
  add(CONFIGURE, "", "", check);
}

/** Tells whether the plugin can do its work. Optional. */
export function health(check: Handler): void {
  add(HEALTH, "", "", check);
}

/** Finds the handler of a task and runs it. */
export function serve(task: Task): Reply {
  const named = task.kind == ACTION || task.kind == OPERATION;
  const key = named
    ? task.kind.toString() + " " + (task.kind == OPERATION ? task.point : "") + " " + task.name
    : task.kind.toString() + "  ";
  if (handlers.has(key)) return handlers.get(key)(task);
  if (task.kind == CONFIGURE || task.kind == HEALTH) return ok();
  return fail(Failure.of("internal", "", "plugin", task.point + " " + task.name + " has no handler"));
}
