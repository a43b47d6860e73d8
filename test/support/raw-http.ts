// Writes bytes to a socket and reads the answers: a client that is polite would hide most attacks on headers.
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; every line of its own. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

const PATIENCE_MS = 3_000;

/** Sends one request, whose lines are given without line ends, and reads its answer. The connection ends with it. */
export async function sendLines(url: string, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const [first = '', ...headers] = lines;
  const text = [first, 'Host: app.test', ...headers, 'Connection: close', '', body].join('\r\n');
  const [answer, ...others] = await sendBytes(url, text);
  if (answer === undefined || others.length > 0) throw new Error(`${others.length} answers came instead of one.`);
  return answer;
}

/** Sends bytes as they are, and reads every answer until the server ends the connection. */
export async function sendBytes(url: string, bytes: string): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve());
    // A server that refuses early may close while we still write.
    socket.on('error', (error) => (chunks.length > 0 ? resolve() : reject(error)));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
  return answersIn(Buffer.concat(chunks).toString('latin1'));
}

/** The status that the server answers to this request line, exactly as it is written. */
export async function rawRequest(url: string, requestLine: string, headers: readonly string[] = []): Promise<number> {
  return (await sendLines(url, [requestLine, ...headers])).status;
}

function answersIn(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = headersIn(lines);
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    const start = end + 4;
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body: rest.slice(start, start + length) });
    rest = rest.slice(start + length);
  }
  return answers;
}

function headersIn(lines: readonly string[]): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** A fetched answer in the same shape. */
export async function readAnswer(response: Response): Promise<RawAnswer> {
  const headers = new Map<string, readonly string[]>();
  response.headers.forEach((value, name) => headers.set(name, [value]));
  if (response.headers.has('set-cookie')) headers.set('set-cookie', response.headers.getSetCookie());
  return { status: response.status, headers, body: await response.text() };
}
