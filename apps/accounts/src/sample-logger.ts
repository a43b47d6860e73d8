// The log of the sample: what it says at start-up fits on one screen.
import { ConsoleLogger } from '@nestjs/common';

/** What Nest lists at start-up, two lines for each module and route. */
const LISTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
]);

/** Leaves out the modules and routes that Nest lists: `npx latchkey routes` shows the routes with what each demands. */
export class SampleLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!LISTS.has(rest.at(-1))) super.log(message, ...(rest as [string]));
  }
}
