/** What a caller can do here: a session waits before the click, a call begins with it. */

import type { BeforeCall } from "./about";
import { Call } from "./call";
import type { Listener } from "./call";
import type { Caller } from "./caller";
import { Door, WaitingSession } from "./door";
import type { Invitation, TransportName } from "./door";
import type { LocalMedia, Speaker } from "./media";
import { readPath } from "./path";
import { Problem, doorUnreachable } from "./problem";
import type { Remedy } from "./problem";
import type { View } from "./view";
import { RelayTransport } from "./webrtc";

const MILLISECONDS = 1000;

export class Phone {
  private readonly door: Door;
  private readonly waiting: WaitingSession;
  private call: Call | undefined;
  private relayed: RelayTransport | undefined;
  private microphone = true;
  private calledOff = false;

  /** @param transport The one that somebody insists on; without one, the best that the door offers. */
  constructor(
    private readonly view: View,
    private readonly media: LocalMedia,
    caller: Caller,
    transport: TransportName | undefined,
    private readonly beforeCall: BeforeCall,
  ) {
    this.door = new Door(caller);
    this.waiting = new WaitingSession(this.door, transport);
  }

  get inUse(): boolean {
    return this.call !== undefined;
  }

  async prepare(): Promise<void> {
    this.view.phase("preparing");
    this.view.transport(this.waiting.transport);
    try {
      await this.warm();
      if (!this.call) this.view.phase("idle");
    } catch (fault) {
      if (!this.call) this.view.problem(asProblem(fault));
    }
  }

  /** Somebody is about to press Call. */
  approach(): void {
    void this.warm().catch(() => undefined); // the click says what is wrong
  }

  level(speaker: Speaker, level: number): void {
    this.call?.level(speaker, level);
  }

  /** Nobody is to call with it any more. */
  leave(): void {
    this.call?.abandon();
    this.relayed?.abandon();
    this.waiting.giveBack();
  }

  /** Have ready, before anybody asks for it, what the stage pays for. */
  private async warm(): Promise<void> {
    if (this.beforeCall === "nothing") return;
    const invitation = await this.waiting.prepare();
    this.view.transport(this.waiting.transport);
    if (this.beforeCall === "path") this.connect(invitation);
  }

  /** Over WebRTC, connect the whole path. */
  private connect(invitation: Invitation): void {
    if (!invitation.ice_servers || this.relayed?.serves(invitation)) return;
    this.relayed?.abandon();
    const relayed = (this.relayed = new RelayTransport(this.door, invitation, this.media));
    window.setTimeout(() => this.cool(relayed), invitation.expires_in_seconds * MILLISECONDS);
    void relayed.prepare().then(async () => this.view.path(await readPath(relayed.connection!)), () => undefined);
  }

  /** Give a path back whose session expired unused: it holds an allocation at a relay. */
  private cool(relayed: RelayTransport): void {
    if (this.relayed !== relayed) return;
    relayed.abandon();
    this.relayed = undefined;
  }

  async begin(): Promise<void> {
    if (this.call) return;
    const pressedAt = performance.now();
    this.calledOff = false;
    this.view.phase("connecting");
    this.media.mute(false);
    const unlocked = this.media.unlock();
    unlocked.catch(() => undefined); // awaited below
    try {
      this.connect(await this.waiting.prepare());
      this.view.transport(this.waiting.transport);
      if (this.calledOff) return this.view.phase("idle");
      const invitation = await this.waiting.take();
      const relayed = this.relayed?.serves(invitation) ? this.relayed : undefined;
      this.relayed = undefined;
      this.call = new Call(this.door, invitation, this.media, this.listener(), relayed);
      await unlocked;
      await this.call.start(pressedAt, this.microphone);
    } catch (fault) {
      this.failed(asProblem(fault));
    }
  }

  hangUp(): void {
    this.calledOff = true;
    void this.call?.hangUp();
  }

  mute(muted: boolean): void {
    this.call?.mute(muted);
    this.view.mute(muted);
  }

  type(text: string): void {
    void this.call?.type(text);
  }

  /** Try again, in the way that the caller chose. */
  follow(remedy: Remedy): void {
    this.microphone = remedy !== "without-microphone";
    if (remedy === "websocket") this.waiting.choose("websocket");
    void this.begin();
  }

  private failed(problem: Problem): void {
    this.call = undefined;
    this.view.problem(problem);
  }

  private listener(): Listener {
    const { view } = this;
    this.media.onMicrophoneGone = () => view.microphone(false);
    return {
      phase: (phase) => {
        if (phase === "connected") view.connected();
        else view.phase(phase);
        if (phase === "connected") view.microphone(this.media.hasMicrophone);
      },
      joined: (milliseconds) => view.joined(milliseconds),
      answered: (latencies) => view.answered(latencies),
      heard: (text, final) => view.transcript.heard(text, final),
      said: (text, spoken) => view.transcript.said(text, spoken),
      typed: (text) => view.transcript.typed(text),
      interrupted: () => view.transcript.interrupted(),
      path: (path) => view.path(path),
      ended: (title, detail) => {
        this.call = undefined;
        view.phase("ended", title, detail);
        void this.warm().catch(() => undefined); // the next click says what is wrong
      },
      failed: (problem) => this.failed(problem),
    };
  }
}

export function asProblem(fault: unknown): Problem {
  return fault instanceof Problem ? fault : doorUnreachable;
}
