// One run of a passport strategy: its five ways to answer, as one value. A strategy that throws, calls back twice or never calls
// back only affects its own request.

/** Any passport strategy, as far as it is run here. */
export interface PassportStrategy {
  // A strategy names the request of its own framework; what it takes cannot be named here.
  authenticate(request: never, options?: never): unknown;
}

/** How a run ended. */
export type StrategyOutcome =
  | { readonly end: 'success'; readonly user: unknown; readonly info: unknown }
  | { readonly end: 'fail'; readonly challenge: unknown; readonly status: number | undefined }
  | { readonly end: 'redirect'; readonly url: string; readonly status: number }
  | { readonly end: 'pass' }
  | { readonly end: 'error'; readonly error: unknown };

/** What a strategy calls to answer; passport hangs these on an object made from the strategy, once per request. */
interface Actions {
  success(user: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: unknown): void;
  redirect(url: string, status?: number): void;
  pass(): void;
  error(error: unknown): void;
}

/** What a run needs besides its strategy. */
export interface StrategyRun {
  /** The framework's own request. */
  readonly request: unknown;
  readonly options: object;
  readonly timeoutMs: number;
}

const FOUND = 302;

/** Runs a strategy on a request. Never rejects; the first answer counts. */
export function runStrategy(strategy: PassportStrategy, run: StrategyRun): Promise<StrategyOutcome> {
  return new Promise((resolve) => {
    const late = new Error(`The passport strategy did not answer within ${run.timeoutMs} ms.`);
    const timer = setTimeout(() => resolve({ end: 'error', error: late }), run.timeoutMs);
    const answer = (outcome: StrategyOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    // One strategy serves all requests: its answers must hang on an object of this one.
    const own = Object.assign(Object.create(strategy) as PassportStrategy, actionsInto(answer));
    Promise.resolve()
      // Neither the request nor the options are ours to type; the strategy was written for them.
      .then(() => own.authenticate(withConnection(run.request) as never, run.options as never))
      .catch((error: unknown) => answer({ end: 'error', error }));
  });
}

function actionsInto(answer: (outcome: StrategyOutcome) => void): Actions {
  return {
    success: (user, info) => answer({ end: 'success', user, info }),
    fail: (challenge, status) => answer(failure(challenge, status)),
    redirect: (url, status) => answer({ end: 'redirect', url, status: status ?? FOUND }),
    pass: () => answer({ end: 'pass' }),
    error: (error) => answer({ end: 'error', error }),
  };
}

/** `fail(401)` is as good as `fail(undefined, 401)`. */
function failure(challenge: unknown, status: unknown): StrategyOutcome {
  if (typeof challenge === 'number') return { end: 'fail', challenge: undefined, status: challenge };
  return { end: 'fail', challenge, status: typeof status === 'number' ? status : undefined };
}

/** OAuth strategies ask Express's `request.connection` whether the line is encrypted; Fastify keeps it in `raw`. */
function withConnection(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || 'connection' in request || !('raw' in request)) return request;
  const { raw } = request;
  const socket = typeof raw === 'object' && raw !== null && 'socket' in raw ? raw.socket : undefined;
  return Object.defineProperty(request, 'connection', { value: socket, configurable: true });
}
