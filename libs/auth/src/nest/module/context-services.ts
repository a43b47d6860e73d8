// The wiring of what contexts other than http need.
import type { Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Clock } from '../../core/base/clock.js';
import { ErrorResponses } from '../refusals/error-responses.js';
import { ContextBoot } from './context-boot.js';
import { ConfigurationProbe, HybridWatch } from './hybrid-app-check.js';
import { LiveConnections } from '../guards/live-connections.js';
import { factoryProvider } from './factory-provider.js';
import { SocketHandshakes } from '../sockets/socket-handshakes.js';

/** What every configuration provides for gateways, resolvers and message handlers. */
export const contextProviders: Provider[] = [
  factoryProvider(
    LiveConnections,
    [Clock, ErrorResponses],
    (clock: Clock, answers: ErrorResponses) => new LiveConnections(clock, answers),
  ),
];

/** What the application has once, however many configurations there are. */
export const applicationContextProviders: Provider[] = [
  SocketHandshakes,
  ConfigurationProbe,
  { provide: APP_FILTER, useExisting: ConfigurationProbe },
  HybridWatch,
  ContextBoot,
];

/** What of it other modules may inject; the guards of the library need some of it wherever they are used. */
export const contextServices = [LiveConnections];
