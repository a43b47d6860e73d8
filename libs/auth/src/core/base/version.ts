// The version of this package, for telemetry. Written here, because a bundle has no package.json beside it.

export const VERSION = '0.1.0';
