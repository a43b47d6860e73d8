// Where messages of microservices carry headers. Each transport has its own place; all are known by shape, because their packages
// are optional.
import { isObject, ownMemberIn } from '../../core/base/members.js';

/** Metadata of gRPC, as far as it is used here. */
interface Metadata {
  get(name: string): readonly unknown[];
  set(name: string, value: string): void;
  getMap(): object;
}

/** gRPC metadata, and a way to have fresh trailers of the same class. */
export interface GrpcMetadata {
  get(name: string): readonly unknown[];
  empty(): { set(name: string, value: string): void };
}

/** The metadata of a gRPC call; `undefined` for every other context. */
export function grpcMetadataOf(context: unknown): GrpcMetadata | undefined {
  if (!isObject(context) || !has(context, 'getMap') || !has(context, 'get')) return undefined;
  // Only gRPC's metadata has both methods; its class takes no arguments.
  const metadata = context as unknown as Metadata;
  return {
    get: (name) => metadata.get(name),
    empty: () => new (metadata.constructor as new () => Metadata)(),
  };
}

/** Finds the lines of one header. */
type Headers = (name: string) => readonly unknown[];

/** The headers of messages whose transport has none: the member `headers` of the payload. */
const payloads = new WeakMap<object, unknown>();

/** Remembers the payload that belongs to a message, for transports without headers (TCP, Redis, MQTT before 5). */
export function rememberPayload(context: unknown, payload: unknown): void {
  if (isObject(context)) payloads.set(context, payload);
}

/** The header lines of a message by lower-case name; `undefined` if this is not a message's context. */
export function rpcHeaders(context: unknown): Headers | undefined {
  if (!isObject(context)) return undefined;
  const metadata = grpcMetadataOf(context);
  if (metadata !== undefined) return (name) => metadata.get(name).map(textOf);
  const own = ownHeaders(context);
  if (own !== undefined) return (name) => linesIn(own, name);
  if (!payloads.has(context)) return undefined;
  return (name) => linesIn(ownMemberIn(payloads.get(context), 'headers'), name);
}

/** NATS has headers; RabbitMQ and Kafka keep them with the message, MQTT 5 as user properties of the packet. */
function ownHeaders(context: object): unknown {
  const message = called(context, 'getMessage');
  const packet = called(context, 'getPacket');
  return (
    called(context, 'getHeaders') ??
    ownMemberIn(ownMemberIn(message, 'properties'), 'headers') ??
    ownMemberIn(message, 'headers') ??
    ownMemberIn(ownMemberIn(packet, 'properties'), 'userProperties')
  );
}

/** Names compare without case; a header that is there twice gives two lines, so that the second cannot hide. */
function linesIn(headers: unknown, name: string): readonly unknown[] {
  if (!isObject(headers)) return [];
  if (has(headers, 'values') && has(headers, 'keys')) return natsLines(headers as unknown as NatsHeaders, name);
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .map(textOf);
}

interface NatsHeaders {
  keys(): Iterable<string>;
  values(name: string): readonly string[];
}

function natsLines(headers: NatsHeaders, name: string): readonly string[] {
  return [...headers.keys()].filter((key) => key.toLowerCase() === name).flatMap((key) => headers.values(key));
}

function textOf(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}

function called(context: object, method: string): unknown {
  return has(context, method) ? (context as Record<string, () => unknown>)[method]?.() : undefined;
}

function has(value: object, method: string): boolean {
  return typeof (value as Record<string, unknown>)[method] === 'function';
}
