// One application in a process of its own: started by measure.js, which asks how much processor time it has used.
import { start } from './applications.js';

const [kind, adapter] = process.argv.slice(2);
// The parent passes names out of its own lists.
const { url, tokens, close } = await start(
  /** @type {import('./applications.js').Kind} */ (kind),
  /** @type {import('./applications.js').Adapter} */ (adapter),
);

process.on('message', (message) => {
  const { user, system } = process.cpuUsage();
  if (message === 'cpu') process.send?.({ microseconds: user + system });
  if (message === 'stop') void close().then(() => process.disconnect());
});
process.send?.({ url, tokens });
