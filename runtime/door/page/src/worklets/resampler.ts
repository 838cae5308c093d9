/** Change the sample rate with a windowed-sinc filter: browsers record at 44.1 or 48 kHz, the agent hears 16 kHz. */

const PHASES = 32;
const ZERO_CROSSINGS = 8;

export class Resampler {
  private readonly step: number;
  private readonly half: number;
  private readonly filters: Float32Array[];
  private pending: Float32Array;
  private at: number;

  constructor(from: number, to: number) {
    this.step = from / to;
    const stretch = Math.max(1, this.step);
    this.half = Math.ceil(ZERO_CROSSINGS * stretch);
    this.filters = Array.from({ length: PHASES }, (_, phase) => this.filter(phase / PHASES, stretch));
    this.pending = new Float32Array(2 * this.half);
    this.at = this.half;
  }

  /** Take a block of the source and hand every finished sample to *emit*. */
  push(block: Float32Array, emit: (sample: number) => void): void {
    const input = new Float32Array(this.pending.length + block.length);
    input.set(this.pending);
    input.set(block, this.pending.length);
    for (; this.at + this.half + 1 < input.length; this.at += this.step) emit(this.sample(input));
    const done = Math.max(0, Math.floor(this.at) - this.half);
    this.pending = input.slice(done);
    this.at -= done;
  }

  private sample(input: Float32Array): number {
    const whole = Math.floor(this.at);
    const filter = this.filters[Math.floor((this.at - whole) * PHASES)]!;
    let sum = 0;
    for (let tap = 0; tap < filter.length; tap++) sum += input[whole - this.half + tap]! * filter[tap]!;
    return sum;
  }

  private filter(offset: number, stretch: number): Float32Array {
    const taps = new Float32Array(2 * this.half + 1);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) {
      const x = (tap - this.half - offset) / stretch;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / (ZERO_CROSSINGS + 1));
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      taps[tap] = sinc * window;
      sum += taps[tap]!;
    }
    return taps.map((tap) => tap / sum);
  }
}
