/** The caller's microphone: 20 ms of 16 kHz PCM at a time, and silence when there is no microphone. */

import { Loudness } from "./loudness";
import { Resampler } from "./resampler";

const AGENT_HEARS_HZ = 16_000;
const CHUNK_SAMPLES = 320;
const FULL_SCALE = 0x7fff;

class Microphone extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, AGENT_HEARS_HZ);
  private readonly loudness = new Loudness((level) => this.port.postMessage({ level }));
  private chunk = new Int16Array(CHUNK_SAMPLES);
  private filled = 0;

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const block = inputs[0]?.[0] ?? new Float32Array(outputs[0]?.[0]?.length ?? 0);
    for (const sample of block) this.loudness.add(sample);
    this.resampler.push(block, (sample) => this.keep(sample));
    return true;
  }

  private keep(sample: number): void {
    this.chunk[this.filled++] = Math.max(-1, Math.min(1, sample)) * FULL_SCALE;
    if (this.filled < CHUNK_SAMPLES) return;
    this.port.postMessage({ pcm: this.chunk.buffer }, [this.chunk.buffer]);
    this.chunk = new Int16Array(CHUNK_SAMPLES);
    this.filled = 0;
  }
}

registerProcessor("microphone", Microphone);
