/** How loud a stretch of sound is, told about fifty times a second. */

const PERIOD_SECONDS = 0.02;

export class Loudness {
  private squares = 0;
  private count = 0;

  constructor(private readonly tell: (level: number) => void) {}

  /** Take one sample between -1 and 1. */
  add(sample: number): void {
    this.squares += sample * sample;
    this.count += 1;
    if (this.count < sampleRate * PERIOD_SECONDS) return;
    this.tell(Math.sqrt(this.squares / this.count));
    this.squares = 0;
    this.count = 0;
  }
}
