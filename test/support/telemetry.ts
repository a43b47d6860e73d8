// The real SDK of OpenTelemetry, in memory: spans and metrics of this process.
import { context, metrics, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';

/** One value of a metric, with its labels. */
export interface Point {
  readonly metric: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, unknown>>;
  /** A number, or for a histogram how many were recorded. */
  readonly value: number;
}

export class Telemetry {
  private readonly spanExporter = new InMemorySpanExporter();
  private readonly tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.spanExporter)] });
  private readonly metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  private readonly meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: this.metricExporter, exportIntervalMillis: 3_600_000 })],
  });

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(this.tracers);
    metrics.setGlobalMeterProvider(this.meters);
  }

  /** Runs every request of an application in a span of its own, as the http instrumentation does. */
  readonly middleware = (_request: unknown, _response: unknown, next: () => void): void => {
    trace.getTracer('test').startActiveSpan('request', (span: Span) => {
      // The span ends after the request; the listener of the response is the framework's business.
      setTimeout(() => span.end(), 250).unref();
      next();
    });
  };

  /** The same for all that is registered afterwards, on Express and on Fastify, where hooks run before middleware of Nest. */
  watch(app: INestApplication): void {
    const adapter = app.getHttpAdapter();
    if (adapter.getType() === 'express') app.use(this.middleware);
    else (app as NestFastifyApplication).getHttpAdapter().getInstance().addHook('onRequest', this.middleware);
  }

  /** Every span that has ended. */
  async spans(): Promise<readonly ReadableSpan[]> {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return this.spanExporter.getFinishedSpans();
  }

  /** Every metric as it is now. */
  async points(): Promise<readonly Point[]> {
    this.metricExporter.reset();
    await this.meters.forceFlush();
    const scopes = this.metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return scopes
      .flatMap((scope) => scope.metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          metric: descriptor.name,
          unit: descriptor.unit,
          labels: attributes,
          value: typeof value === 'number' ? value : value.count,
        })),
      );
  }

  async close(): Promise<void> {
    await Promise.all([this.tracers.shutdown(), this.meters.shutdown()]);
    for (const api of [context, trace, metrics]) api.disable();
  }
}
