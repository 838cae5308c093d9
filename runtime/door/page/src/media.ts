/**
 * Microphone and loudspeaker of this device, for Pipecat's transports.
 *
 * Pipecat's own WavMediaManager would do, but after its first interruption it drops everything that the agent
 * says (the interrupted track is "default", and every chunk belongs to it), keeps the whole recording in
 * memory, and loads its worklets from blob: addresses, which the page's content security policy forbids.
 */

import type { Tracks } from "@pipecat-ai/client-js";
import { WavMediaManager } from "@pipecat-ai/websocket-transport";

import { microphoneProblem } from "./problem";

export type Speaker = "caller" | "agent";
export type LevelListener = (speaker: Speaker, level: number) => void;

const AGENT_SPEAKS_HZ = 24_000;
const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

type Chunk = { pcm?: ArrayBuffer; level?: number };

export class LocalMedia extends WavMediaManager {
  private readonly input = new AudioContext({ latencyHint: "interactive" });
  private readonly output = new AudioContext({ sampleRate: AGENT_SPEAKS_HZ, latencyHint: "interactive" });
  private readonly loading: Promise<void>;
  private microphone: AudioWorkletNode | undefined;
  private player: AudioWorkletNode | undefined;
  private source: MediaStreamAudioSourceNode | undefined;
  private stream: MediaStream | undefined;
  /** Told when the microphone is unplugged, or taken away. */
  onMicrophoneGone: () => void = () => undefined;
  private sending = false;
  private muted = false;

  constructor(private readonly heard: LevelListener) {
    super();
    // Whoever has clicked on this site before would have them run at once: an eighth of a processor, for silence.
    for (const one of [this.input, this.output]) void one.suspend();
    this.loading = this.load();
  }

  /** Load what needs no permission; both contexts stay suspended until the caller presses Call. */
  private async load(): Promise<void> {
    const { input, output } = this;
    const loaded = [load(input, "microphone"), load(output, "player"), load(output, "meter")];
    await Promise.all(loaded);
    this.microphone = new AudioWorkletNode(this.input, "microphone");
    this.microphone.port.onmessage = ({ data }: MessageEvent<Chunk>) => this.take(data);
    this.microphone.connect(this.input.destination);
    this.player = new AudioWorkletNode(this.output, "player");
    this.player.port.onmessage = ({ data }: MessageEvent<Chunk>) => this.heard("agent", data.level ?? 0);
    this.player.connect(this.output.destination);
  }

  /** Let sound out and in; browsers allow it only within a click. */
  async unlock(): Promise<void> {
    await Promise.all([this.loading, this.input.resume(), this.output.resume()]);
  }

  /** Have the microphone, or decide to do without. */
  async open(withMicrophone: boolean): Promise<void> {
    if (!withMicrophone) return;
    this.stream = await this.askForMicrophone();
    this.source = this.input.createMediaStreamSource(this.stream);
    this.source.connect(this.microphone!);
    this.track!.onended = () => this.onMicrophoneGone();
    this.mute(this.muted);
  }

  get hasMicrophone(): boolean {
    return this.stream !== undefined;
  }

  get track(): MediaStreamTrack | null {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** Silence the microphone; the line stays open, because the agent listens for pauses. */
  mute(muted: boolean): void {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
  }

  /** Listen to a stream that the browser plays by itself. */
  measure(stream: MediaStream): void {
    const meter = new AudioWorkletNode(this.output, "meter");
    meter.port.onmessage = ({ data }: MessageEvent<Chunk>) => this.heard("agent", data.level ?? 0);
    this.output.createMediaStreamSource(stream).connect(meter);
  }

  /** Drop what the agent has said and nobody has heard yet. */
  flush(): void {
    this.player?.port.postMessage({ flush: true });
  }

  private async askForMicrophone(): Promise<MediaStream> {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
    } catch (fault) {
      throw microphoneProblem(fault);
    }
  }

  private take({ pcm, level }: Chunk): void {
    if (level !== undefined) this.heard("caller", level);
    if (pcm && this.sending) this._userAudioCallback(pcm);
  }

  // What Pipecat's transports call

  override async initialize(): Promise<void> {
    await this.loading;
  }

  override async connect(): Promise<void> {
    this.sending = true;
  }

  override async disconnect(): Promise<void> {
    this.sending = false;
    this.flush();
    this.source?.disconnect();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.source = this.stream = undefined;
    await Promise.all([this.input.suspend(), this.output.suspend()]);
  }

  override async userStartedSpeaking(): Promise<void> {
    this.flush();
  }

  override bufferBotAudio(data: ArrayBuffer | Int16Array): Int16Array {
    const pcm = data instanceof Int16Array ? data : new Int16Array(data);
    this.player?.port.postMessage({ pcm }, [pcm.buffer]);
    return pcm;
  }

  override async enableMic(enable: boolean): Promise<void> {
    this.mute(!enable);
  }

  override get isMicEnabled(): boolean {
    return !this.muted;
  }

  override tracks(): Tracks {
    return { local: this.track ? { audio: this.track } : {} };
  }
}

/** Load a worklet from where this file came from, so that both are of one version. */
function load(context: AudioContext, name: string): Promise<void> {
  return context.audioWorklet.addModule(new URL(`${name}.js`, import.meta.url));
}
