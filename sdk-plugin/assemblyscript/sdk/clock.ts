import { clock_time_get } from "./imports";

/** Milliseconds since 1970. */
export function now(): i64 {
  const result = memory.data(8, 8);
  clock_time_get(0, 1000000, result);
  return <i64>(load<u64>(result) / 1000000);
}
