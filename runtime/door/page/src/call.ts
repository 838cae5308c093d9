/** One call: from the click to its end, over whichever transport its session is for. */

import { PipecatClient } from "@pipecat-ai/client-js";
import type { Transport } from "@pipecat-ai/client-js";
import { WebSocketTransport } from "@pipecat-ai/websocket-transport";

import type { Door, Invitation, TransportName } from "./door";
import { CallFrames } from "./frames";
import type { LocalMedia, Speaker } from "./media";
import { readPath } from "./path";
import type { Path } from "./path";
import { Problem, agentSilent, agentUnreachable, ending } from "./problem";
import { Turns } from "./turns";
import { RelayTransport } from "./webrtc";

const READY_MILLISECONDS = 30_000;
/** For the agent to close the line after it was asked to; then this side does. */
const GOODBYE_MILLISECONDS = 1500;
const LOOK_MILLISECONDS = 2000;
const REPORT_EVERY_LOOKS = 5;
const REASON_TRIES = 6;
const REASON_MILLISECONDS = 400;

/** What a page shows of a call. */
export interface Listener {
  phase(phase: "connecting" | "connected" | "rejoining" | "ending"): void;
  joined(milliseconds: number): void;
  answered(latencies: readonly number[]): void;
  heard(text: string, final: boolean): void;
  /** What the agent is about to say, and then what it did say. */
  said(text: string, spoken: boolean): void;
  typed(text: string): void;
  interrupted(): void;
  path(path: Path): void;
  ended(title: string, detail: string): void;
  failed(problem: Problem): void;
}

export class Call {
  private readonly client: PipecatClient;
  private readonly turns: Turns;
  private pressedAt = 0;
  private join: number | null = null;
  private joinReported = false;
  private over = false;
  private looking: number | undefined;
  private leave: () => void = () => undefined;

  constructor(
    private readonly door: Door,
    private readonly invitation: Invitation,
    private readonly media: LocalMedia,
    private readonly listener: Listener,
    private readonly relayed: RelayTransport | undefined,
  ) {
    this.turns = new Turns((latency) => this.begins(latency));
    this.client = new PipecatClient({
      transport: relayed ?? this.webSocket(),
      enableMic: true,
      enableCam: false,
      callbacks: {
        onUserTranscript: ({ text, final }) => listener.heard(text, final),
        onBotOutput: ({ text, spoken = true }) => listener.said(text, spoken),
        onError: ({ data }) => this.broken(data),
      },
    });
    if (!relayed) return;
    relayed.onRejoin = (underWay) => listener.phase(underWay ? "rejoining" : "connected");
    relayed.onLost = (problem) => this.giveUp(problem);
  }

  get transport(): TransportName {
    return this.relayed ? "webrtc" : "websocket";
  }

  /** Begin; *pressedAt* is the moment of the click. */
  async start(pressedAt: number, withMicrophone: boolean): Promise<void> {
    this.pressedAt = pressedAt;
    this.listener.phase("connecting");
    try {
      await this.media.open(withMicrophone);
      if (this.over) return void (await this.media.disconnect()); // hung up while the browser still asked
      await this.connect();
      if (this.over) return;
      this.listener.phase("connected");
      if (this.relayed) this.looking = window.setInterval(() => void this.look(), LOOK_MILLISECONDS);
    } catch (fault) {
      this.giveUp(fault instanceof Problem ? fault : agentUnreachable);
    }
  }

  level(speaker: Speaker, level: number): void {
    this.turns.level(speaker, level, performance.now());
  }

  mute(muted: boolean): void {
    this.client.enableMic(!muted);
  }

  /** Say something in writing. */
  async type(text: string): Promise<void> {
    this.media.flush();
    this.turns.typed(performance.now());
    await this.client.sendText(text, { run_immediately: true, audio_response: true });
    this.listener.typed(text);
  }

  async hangUp(): Promise<void> {
    if (this.over) return;
    const ready = this.client.state === "ready";
    this.listener.phase("ending");
    if (ready) await this.sayGoodbye();
    else this.door.giveBack(this.invitation.session_id);
    await this.finish();
    this.listener.ended(...ending("hang_up"));
  }

  /** The page is being left: there is no time for more than this. */
  abandon(): void {
    if (this.over) return;
    if (this.client.state === "ready") this.client.disconnectBot();
    else this.door.giveBack(this.invitation.session_id);
  }

  private webSocket(): Transport {
    const serializer = new CallFrames(() => {
      this.media.flush();
      this.listener.interrupted();
    });
    return new WebSocketTransport({ serializer, mediaManager: this.media, recorderSampleRate: 16_000 });
  }

  private async connect(): Promise<void> {
    const late = new Promise<never>((_, reject) => window.setTimeout(reject, READY_MILLISECONDS, agentSilent));
    // A signed address goes in as it is; nothing may be appended to it.
    const params = this.relayed ? undefined : { wsUrl: this.invitation.url };
    await Promise.race([this.client.connect(params), late]);
  }

  private begins(latency: number | undefined): void {
    if (this.join === null) {
      this.join = performance.now() - this.pressedAt;
      this.listener.joined(this.join);
    } else if (latency !== undefined) {
      this.listener.answered(this.turns.latencies);
    }
  }

  private broken(data: unknown): void {
    const { fatal } = data as { fatal?: boolean };
    if (!fatal || this.over) return;
    this.leave();
    if (this.client.state === "ready") void this.lost();
  }

  /** The other side closed the line: ask the ledger why. */
  private async lost(): Promise<void> {
    if (this.over) return;
    await this.finish();
    for (let attempt = 0; attempt < REASON_TRIES; attempt++) {
      const reason = await this.door.reason(this.invitation.session_id).catch(() => "");
      if (reason) return this.listener.ended(...ending(reason));
      await pause(REASON_MILLISECONDS);
    }
    this.listener.ended(...ending(""));
  }

  private async sayGoodbye(): Promise<void> {
    const left = new Promise<void>((resolve) => (this.leave = resolve));
    this.over = true;
    this.client.disconnectBot();
    this.media.flush();
    await Promise.race([left, pause(GOODBYE_MILLISECONDS)]);
  }

  private giveUp(problem: Problem): void {
    if (this.over) return;
    this.door.giveBack(this.invitation.session_id);
    void this.finish();
    this.listener.failed(problem);
  }

  private async finish(): Promise<void> {
    this.over = true;
    window.clearInterval(this.looking);
    await this.client.disconnect();
  }

  // The path, every few seconds

  private looks = 0;

  private async look(): Promise<void> {
    const connection = this.relayed?.connection;
    if (!connection || this.over) return;
    const path = await readPath(connection);
    this.listener.path(path);
    if (this.looks++ % REPORT_EVERY_LOOKS === 0) await this.report(path);
  }

  private async report({ place: _place, ...measured }: Path): Promise<void> {
    const join = this.joinReported ? null : this.join && Math.round(this.join);
    this.joinReported ||= join !== null;
    // Figures help the operators; a call does not suffer when one is lost.
    await this.door.report(this.invitation.session_id, { join_milliseconds: join, ...measured }).catch(() => undefined);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, milliseconds));
}
