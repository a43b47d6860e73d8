// Names of columns as applications write them.

/** `current_jti` is `currentJti`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
