// How a device is called in the list of sign-ins: enough for the user to recognize it, nothing that identifies the hardware.

/** Products that a browser names beside itself: they say whose engine it is like, not which it is. */
const ENGINE: ReadonlySet<string> = new Set([
  'Mozilla',
  'AppleWebKit',
  'KHTML',
  'Gecko',
  'Version',
  'Mobile',
  'Safari',
  'Chrome',
  'Chromium',
]);

// The first match counts: Edge also says Chrome, Chrome also says Safari, Android also says Linux, iPhones say "like Mac OS X".
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/^Edg(?:e|A|iOS)?$/, 'Edge'],
  [/^(?:OPR|OPT|OPiOS|Opera)$/, 'Opera'],
  [/^SamsungBrowser$/, 'Samsung Internet'],
  [/^Vivaldi$/, 'Vivaldi'],
  [/^Brave$/, 'Brave'],
  [/^(?:DuckDuckGo|Ddg)$/, 'DuckDuckGo'],
  [/^YaBrowser$/, 'Yandex Browser'],
  [/^(?:UCBrowser|UBrowser)$/, 'UC Browser'],
  [/^HuaweiBrowser$/, 'Huawei Browser'],
  [/^MiuiBrowser$/, 'Mi Browser'],
  [/^Whale$/, 'Whale'],
  [/^Silk$/, 'Silk'],
  [/^(?:Focus|Klar)$/, 'Firefox Focus'],
  [/^(?:Firefox|FxiOS)$/, 'Firefox'],
  [/^HeadlessChrome$/, 'Headless Chrome'],
  [/^CriOS$/, 'Chrome'],
];
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/^curl\//, 'curl'],
  [/^Wget\//, 'Wget'],
  [/^(?:node|undici)\b/, 'Node.js'],
  [/^PostmanRuntime\//, 'Postman'],
  [/^okhttp\//, 'an Android app'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPod)\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];
const APPLE: ReadonlySet<string | undefined> = new Set(['macOS', 'iPhone', 'iPad']);

const LONGEST = 1_024;
const UNKNOWN = 'Unknown browser';

/**
 * Names a device by its `User-Agent`: `Firefox on Linux`. A browser that is not known is `Unknown browser on Linux`: nothing is guessed
 * from the engine that it claims to be like. `undefined` if the header is missing or says nothing known; its text is never repeated,
 * because any client can write it.
 *
 * @example
 * ```ts
 * import { deviceLabel } from 'nestjs-latchkey/controllers';
 *
 * const label = deviceLabel('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0');
 * // 'Firefox on Linux'
 * ```
 */
export function deviceLabel(userAgent: string | undefined): string | undefined {
  const text = userAgent?.slice(0, LONGEST) ?? '';
  const system = firstMatch(SYSTEMS, text);
  const program = text.startsWith('Mozilla/') ? browserOf(text, system) : firstMatch(PROGRAMS, text);
  if (program === undefined || system === undefined) return program ?? system;
  return `${program} on ${system}`;
}

function browserOf(text: string, system: string | undefined): string {
  // Comments in parentheses name the system, and robots.
  const products = [...text.replaceAll(/\([^)]*\)/g, ' ').matchAll(/([A-Za-z][\w.-]*)\//g)].map(
    ([, name = '']) => name,
  );
  const named = products.filter((name) => !ENGINE.has(name));
  const known = BROWSERS.find(([pattern]) => named.some((name) => pattern.test(name)));
  if (known !== undefined) return known[1];
  // A product that is not known is a browser, or an app, of its own; an embedded view is an app's too.
  if (named.length > 0 || /; wv\)/.test(text)) return UNKNOWN;
  if (products.some((name) => name === 'Chrome' || name === 'Chromium')) return 'Chrome';
  return products.includes('Safari') && products.includes('Version') && APPLE.has(system) ? 'Safari' : UNKNOWN;
}

function firstMatch(names: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
