import { BadRequestException, Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

/** Where the frameworks say which route was reached. */
interface RoutedRequest {
  readonly route?: unknown;
  readonly routeOptions?: unknown;
}

/**
 * A body that Express cannot parse is answered like one of the wrong shape: the parser's own words quote what was sent, which may
 * be a password.
 */
@Catch(BadRequestException)
export class UnreadableBodyFilter extends BaseExceptionFilter {
  override catch(exception: BadRequestException, host: ArgumentsHost): void {
    const { route, routeOptions } = host.switchToHttp().getRequest<RoutedRequest>();
    const isParsed = route !== undefined || routeOptions !== undefined;
    const answered = isParsed ? exception : unreadable();
    // oxlint-disable-next-line promise/valid-params -- this is a filter, not a promise
    super.catch(answered, host);
  }
}

function unreadable(): BadRequestException {
  return new BadRequestException('The request body cannot be read.', { errorCode: 'invalid_request' });
}
