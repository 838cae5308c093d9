/**
 * Plays the agent's PCM as it arrives, and forgets what is still waiting when the caller interrupts.
 *
 * It waits for a little sound before it starts, because the agent sends no faster than one hears: without
 * that, every late chunk would be a click.
 */

import { Loudness } from "./loudness";

const CUSHION_SECONDS = 0.06;
const FULL_SCALE = 0x8000;

class Player extends AudioWorkletProcessor {
  private readonly loudness = new Loudness((level) => this.port.postMessage({ level }));
  private queue: Int16Array[] = [];
  private offset = 0;
  private waiting = 0;
  private waited = 0;
  private playing = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<{ pcm?: Int16Array; flush?: boolean }>) => {
      if (data.flush) this.flush();
      if (data.pcm) this.add(data.pcm);
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    if (!this.playing && this.waiting > 0) this.wait(output.length);
    for (let at = 0; at < output.length; at++) {
      output[at] = this.playing ? this.next() : 0;
      this.loudness.add(output[at]!);
    }
    return true;
  }

  private add(pcm: Int16Array): void {
    if (pcm.length === 0) return;
    this.queue.push(pcm);
    this.waiting += pcm.length;
  }

  private wait(samples: number): void {
    const cushion = sampleRate * CUSHION_SECONDS;
    this.waited += samples;
    // A short utterance never fills the cushion, so time counts as well.
    this.playing = this.waiting >= cushion || this.waited >= cushion;
  }

  private next(): number {
    const chunk = this.queue[0];
    if (!chunk) {
      this.playing = false;
      this.waited = 0;
      return 0;
    }
    const sample = chunk[this.offset++]! / FULL_SCALE;
    this.waiting -= 1;
    if (this.offset >= chunk.length) {
      this.queue.shift();
      this.offset = 0;
    }
    return sample;
  }

  private flush(): void {
    this.queue = [];
    this.offset = this.waiting = this.waited = 0;
    this.playing = false;
  }
}

registerProcessor("player", Player);
