// The catch-all filter of the Nest documentation, which also returns what the exception says.
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

@Catch()
export class AllExceptionsFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const context = host.switchToHttp();
    const isHttp = exception instanceof HttpException;
    const statusCode = isHttp ? exception.getStatus() : 500;
    const body = {
      envelope: true,
      statusCode,
      said: isHttp ? exception.getResponse() : 'Internal Server Error',
      path: String(httpAdapter.getRequestUrl(context.getRequest())),
    };
    httpAdapter.reply(context.getResponse(), body, statusCode);
  }
}
