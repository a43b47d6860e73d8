// Owns how a device is called in the list of sign-ins: enough for a person to recognise it, nothing that identifies a machine.

// The first match counts: Edge also says Chrome, Chrome also says Safari, Android also says Linux, iPhones say "like Mac OS X".
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^(node|undici)\b/, 'Node.js'],
  [/^PostmanRuntime\//, 'Postman'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPod)\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * Names a device by its `User-Agent`: `Firefox on Linux`. `undefined` where the header is missing or says nothing known; its text
 * is never repeated, because anybody can write it.
 */
export function deviceLabel(userAgent: string | undefined): string | undefined {
  const program = firstMatch(PROGRAMS, userAgent);
  const system = firstMatch(SYSTEMS, userAgent);
  if (program === undefined || system === undefined) return program ?? system;
  return `${program} on ${system}`;
}

function firstMatch(names: readonly (readonly [RegExp, string])[], text = ''): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
