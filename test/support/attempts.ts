// Records the attempts of this process, so that a test can check the outcome of the last one.
import { onAuthEvent, type AttemptEvent } from 'nestjs-latchkey/events';

export class Attempts {
  private readonly heard: AttemptEvent[] = [];
  private readonly stop = onAuthEvent((event) => {
    if (event.type === 'attempt') this.heard.push(event);
  });

  /** The one attempt since the last look. */
  only(): AttemptEvent {
    const [first, ...others] = this.heard.splice(0);
    if (first === undefined || others.length > 0) throw new Error(`There were ${others.length} attempts too many.`);
    return first;
  }

  forget(): void {
    this.heard.splice(0);
  }

  close(): void {
    this.stop();
  }
}
