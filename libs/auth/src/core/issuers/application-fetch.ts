// A fetch of the application's own in the place of ours: the way out is then the application's, and with it which addresses names turn
// out to stand for. The URL itself, redirects, size and time are checked here too.
import { KeyFetchError } from './fetch-problem.js';
import { inTime } from './in-time.js';
import { addressProblem } from './key-addresses.js';
import { type FetchDocument, LARGEST_DOCUMENT_BYTES, REQUEST_HEADERS } from './key-fetch.js';
import type { KeyFetch, KeyFetchResponse } from './trust-options.js';

/** Our rules around the application's fetch. */
export function applicationFetch(fetch: KeyFetch): FetchDocument {
  return async (address, rules) => {
    const problem = addressProblem(address, rules);
    if (problem !== undefined) throw new KeyFetchError(`the address ${problem}`);
    const { signal, headers } = rules;
    try {
      const request = {
        method: 'GET',
        redirect: 'manual',
        signal,
        headers: { ...REQUEST_HEADERS, ...headers },
      } as const;
      const response = await inTime(fetch(address, request), signal);
      assertWhole(response);
      const body = await inTime(readBody(response), signal);
      return { body, cacheControl: response.headers.get('cache-control') ?? undefined };
    } catch (cause) {
      if (cause instanceof KeyFetchError) throw cause;
      throw new KeyFetchError(signal.aborted ? 'no answer in time' : 'the connection failed', { cause });
    }
  };
}

function assertWhole({ status, redirected = false }: KeyFetchResponse): void {
  if (redirected || (status >= 300 && status < 400))
    throw new KeyFetchError('the answer is a redirect, which is not followed', { isAbsent: true });
  if (status !== 200)
    throw new KeyFetchError(`the answer has the status ${status}`, { isAbsent: status >= 400 && status < 500 });
}

async function readBody({ body }: KeyFetchResponse): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const { value = new Uint8Array() } = part;
    bytes += value.length;
    if (bytes > LARGEST_DOCUMENT_BYTES) {
      await reader.cancel();
      throw new KeyFetchError(`the answer is larger than ${LARGEST_DOCUMENT_BYTES} bytes`);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}
