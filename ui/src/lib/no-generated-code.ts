/**
 * Stands in for the validator that rjsf's own test helpers import: it generates
 * code, which the policy of the page forbids. src/lib/validate.ts checks instead.
 */
export default undefined;
