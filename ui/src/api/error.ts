import type { Violation } from './types';

/**
 * Why a call of the administration API failed. status is 0 when no answer came:
 * the gateway or the way to it is down.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
    readonly violations: Violation[] = [],
    /** What the gateway's log calls this error. */
    readonly errorId = '',
    readonly requestId = '',
    /** Seconds to wait before another try; 0: no advice. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /** The gateway cannot be reached, or a proxy says so in its place. */
  get unreachable(): boolean {
    return this.status === 0 || ((this.status === 502 || this.status === 503 || this.status === 504) && this.requestId === '');
  }

  /** Somebody else changed the object meanwhile. */
  get stale(): boolean {
    return this.status === 412;
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, error instanceof Error ? error.message : String(error));
}
