// The `swagger` door: OpenAPI documents that say what the guards really do.
export { describeAuth } from './describe-auth.js';
export type { DescribeAuthOptions } from './describe-auth.js';
