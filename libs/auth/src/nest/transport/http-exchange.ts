// A request together with its response, as those need it who write cookies.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** A request of the framework, and its response. */
export interface Exchange {
  readonly request: unknown;
  readonly response: unknown;
}

/** Hands both to a handler; Nest still sends what the handler returns. */
export const HttpExchange = createParamDecorator((_: unknown, context: ExecutionContext): Exchange => {
  const http = context.switchToHttp();
  return { request: http.getRequest<unknown>(), response: http.getResponse<unknown>() };
});
