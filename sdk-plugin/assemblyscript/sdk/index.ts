// Patchbay plugins in AssemblyScript: everything that a plugin uses.

export { Fault, Kind } from "./abi/codec";
export { Failure, Form, Reply } from "./abi/message";
export { Entry, List, Obj, Value, list, object } from "./abi/value";
export { now } from "./clock";
export { Handler, action, configure, health, operation } from "./handlers";
export { Parse, Request, Response, unsuccessful } from "./http";
export { log } from "./log";
export { busy, fail, invalid, notFound, notNow, ok, raw, refused, rows, unavailable, uncertain } from "./reply";
export { Attachment, Phone, Report, Result, Task, setting, settings } from "./task";
export { base64, escape, form, json, textOf } from "./text";
