// What the boot checks of the contexts other than http: that refusals can be sent there, that guards reach them, and that what
// their handlers state can be meant.
import { createRequire } from 'node:module';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { configurationProblems } from '../../core/base/errors.js';
import { policyProblems } from '../routes/effective-policy.js';
import { audienceNotices } from '../sockets/gateway-audience.js';
import { HybridWatch } from './hybrid-app-check.js';
import { resolversOf } from '../sockets/message-handlers.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import { messageHandlersOf, type Route } from '../routes/routes.js';
import { SocketHandshakes } from '../sockets/socket-handshakes.js';

/** Prepares the contexts that the application has. */
@Injectable()
export class ContextBoot {
  private readonly logger = new Logger('AuthModule');
  private readonly scanner = new MetadataScanner();

  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(SocketHandshakes) private readonly handshakes!: SocketHandshakes;
  @Inject(HybridWatch) private readonly hybrid!: HybridWatch;
  @Inject(DiscoveryService) private readonly discovery!: DiscoveryService;

  /** Everything that is wrong with gateways, resolvers and message handlers. */
  async problems(): Promise<readonly string[]> {
    const all = this.handshakes.gateways();
    const gateways = all.flatMap(({ handlers }) => handlers);
    const messages = messageHandlersOf(this.discovery, this.scanner);
    if (gateways.length > 0) await this.routes.answers.contexts.load('ws');
    if (messages.length > 0) await this.routes.answers.contexts.load('rpc');
    this.warnOfSockets(gateways);
    for (const notice of audienceNotices(all, (route) => this.answersNobody(route))) this.logger.warn(notice);
    const stated = [...gateways, ...resolversOf(this.discovery, this.scanner)].flatMap((each) => this.statedBy(each));
    return [
      ...stated,
      ...this.unreached(gateways),
      ...this.hybrid.problems(messages.filter((each) => this.isExposed(each)).map(({ name }) => name)),
    ];
  }

  private statedBy({ handler, owner, name }: Route): readonly string[] {
    const { guards } = this.routes.policyFor(handler, owner);
    const unknown = guards.flatMap((guard) => configurationProblems(() => this.routes.schemesOf(guard)));
    return [...policyProblems(handler, owner, this.routes.defaults), ...unknown].map((each) => `${name}: ${each}`);
  }

  /** Nest applies guards of the whole application to gateways from 12 on. */
  private unreached(gateways: readonly Route[]): readonly string[] {
    if (!(nestMajor() < 12)) return [];
    const exposed = gateways.filter((each) => each.handler !== each.owner && this.isExposed(each));
    return exposed.map(({ name }) => `${name}: ${NOT_BEFORE_12}`);
  }

  /** A handler that names a guard has it whatever the configuration. */
  private isExposed({ handler, owner }: Route): boolean {
    const { access, byDefaultGuard } = this.routes.policyFor(handler, owner);
    return access === 'guarded' && byDefaultGuard;
  }

  /** Whether a caller who is not known gets an answer, and so must be let in. */
  private answersNobody({ handler, owner }: Route): boolean {
    const { access, optional } = this.routes.policyFor(handler, owner);
    return access !== 'guarded' || optional;
  }

  private warnOfSockets(handlers: readonly Route[]): void {
    const guarded = handlers.filter(({ handler, owner }) => this.routes.policyFor(handler, owner).access === 'guarded');
    if (guarded.length === 0 || this.handshakes.inUse) return;
    this.logger.warn(
      'Sockets are checked at each message, but not at the handshake, and stay open when their credential ends: ' +
        'call app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app))), or new WsAdapter(app).',
    );
  }
}

const NOT_BEFORE_12 =
  'the default guard does not reach gateways before Nest 12: add @UseGuards(JwtAuthGuard) to it or its class';

/** `NaN` if unknown, as in a bundle. */
function nestMajor(): number {
  try {
    // What a package says of itself.
    const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { readonly version: string };
    return Number.parseInt(version, 10);
  } catch {
    return Number.NaN;
  }
}
