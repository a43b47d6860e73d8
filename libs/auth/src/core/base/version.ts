// The version of this package, for whoever observes it. Written here, because a bundle has no package.json beside it.

export const VERSION = '0.1.0';
