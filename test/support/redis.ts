// Owns a Redis of the test file's own. It keeps nothing on disk.
import { freePort, hasCommand, startServer, temporaryFolder, type Server } from './server.js';

export const hasRedis = (): boolean => hasCommand('redis-server');

export async function startRedis(port?: number): Promise<Server & { readonly url: string }> {
  const at = port ?? (await freePort());
  const folder = temporaryFolder('redis');
  const args = ['--port', `${at}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = await startServer({ command: 'redis-server', args, port: at, folder });
  return { ...server, url: `redis://127.0.0.1:${at}` };
}
