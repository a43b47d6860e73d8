// Owns how the ready-made controllers write paths.

/** The path of one operation, with a leading slash. */
export function absolute(path: string, operation: string): string {
  return `/${path}/${operation}`.replaceAll(/\/{2,}/g, '/');
}
