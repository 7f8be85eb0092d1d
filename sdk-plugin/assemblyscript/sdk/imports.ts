// What the gateway offers. Operations that a plugin never uses are not in its import
// section, which so tells exactly what it can do.

@external("patchbay", "reply")
export declare function reply(task: u32, p: usize, n: u32): void;
@external("patchbay", "log")
export declare function log(level: u32, p: usize, n: u32): void;
@external("patchbay_blocking", "take")
export declare function take(p: usize): void;

@external("patchbay_blocking", "http_fetch")
export declare function http_fetch(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "kv_get")
export declare function kv_get(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "kv_put")
export declare function kv_put(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "kv_delete")
export declare function kv_delete(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "kv_list")
export declare function kv_list(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "provider_list")
export declare function provider_list(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "provider_call")
export declare function provider_call(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "journal_begin")
export declare function journal_begin(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "journal_end")
export declare function journal_end(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "journal_report")
export declare function journal_report(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "journal_receipt")
export declare function journal_receipt(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "journal_find")
export declare function journal_find(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "users_list")
export declare function users_list(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_originate")
export declare function freeswitch_originate(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_queues")
export declare function freeswitch_queues(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_tiers")
export declare function freeswitch_tiers(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_agents")
export declare function freeswitch_agents(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_channels")
export declare function freeswitch_channels(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_cdr")
export declare function freeswitch_cdr(task: u32, p: usize, n: u32): u32;
@external("patchbay_blocking", "freeswitch_recording")
export declare function freeswitch_recording(task: u32, p: usize, n: u32): u32;

@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: u32, precision: u64, result: usize): u32;
