/** Listens to a stream that the browser plays by itself, to tell how loud it is. */

import { Loudness } from "./loudness";

class Meter extends AudioWorkletProcessor {
  private readonly loudness = new Loudness((level) => this.port.postMessage({ level }));

  process(inputs: Float32Array[][]): boolean {
    for (const sample of inputs[0]?.[0] ?? []) this.loudness.add(sample);
    return true;
  }
}

registerProcessor("meter", Meter);
