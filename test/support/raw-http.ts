// Sends a request line exactly as written, which no client library does.
import { connect } from 'node:net';

/** The status that the server answers to this request line, without any further header but the host. */
export async function rawRequest(url: string, requestLine: string, headers: readonly string[] = []): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => {
      socket.end([requestLine, `Host: ${host}`, 'Connection: close', ...headers, '', ''].join('\r\n'));
    });
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}
