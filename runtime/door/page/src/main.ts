/** Puts the page together: a session waits before the click, a call begins with it. */

import { LogLevel, logger } from "@pipecat-ai/client-js";

import { Call } from "./call";
import type { Listener } from "./call";
import { Door, WaitingSession } from "./door";
import type { TransportName } from "./door";
import { LocalMedia } from "./media";
import { readPath } from "./path";
import { Problem, doorUnreachable } from "./problem";
import type { Remedy } from "./problem";
import { View } from "./view";
import { RelayTransport } from "./webrtc";

const TRANSPORTS: readonly TransportName[] = ["webrtc", "websocket"];

// What Pipecat logs holds what people say, and calls every hang-up a fatal error; faults are shown on the page.
logger.setLevel(LogLevel.NONE);

class Page {
  private readonly door = new Door();
  private readonly waiting = new WaitingSession(this.door, askedTransport());
  private readonly media = new LocalMedia((speaker, level) => {
    this.view.level(speaker, level);
    this.call?.level(speaker, level);
  });
  private call: Call | undefined;
  private relayed: RelayTransport | undefined;
  private microphone = true;
  private readonly view = new View({
    call: () => void this.begin(),
    hangUp: () => void this.call?.hangUp(),
    mute: (muted) => this.mute(muted),
    type: (text) => void this.call?.type(text),
    remedy: (remedy) => this.follow(remedy),
  });

  async prepare(): Promise<void> {
    this.view.transport(this.waiting.transport);
    void showStage(this.view);
    try {
      await this.warm();
      if (!this.call) this.view.phase("idle");
    } catch (fault) {
      if (!this.call) this.view.problem(asProblem(fault));
    }
  }

  /** The page is being left. */
  leave(): void {
    this.call?.abandon();
    this.waiting.giveBack();
  }

  /** Open a session and, over WebRTC, the whole path before anybody asks for it. */
  private async warm(): Promise<void> {
    const invitation = await this.waiting.prepare();
    this.view.transport(this.waiting.transport);
    if (!invitation.ice_servers || this.relayed?.isFor(invitation)) return;
    this.relayed?.abandon();
    const relayed = (this.relayed = new RelayTransport(this.door, invitation, this.media));
    void relayed.prepare().then(async () => this.view.path(await readPath(relayed.connection!)), () => undefined);
  }

  private async begin(): Promise<void> {
    if (this.call) return;
    const pressedAt = performance.now();
    this.view.phase("connecting");
    this.media.mute(false);
    const unlocked = this.media.unlock();
    try {
      await this.warm();
      const invitation = await this.waiting.take();
      const relayed = this.relayed;
      this.relayed = undefined;
      this.call = new Call(this.door, invitation, this.media, this.listener(), relayed);
      await unlocked;
      await this.call.start(pressedAt, this.microphone);
    } catch (fault) {
      this.failed(asProblem(fault));
    }
  }

  private mute(muted: boolean): void {
    this.call?.mute(muted);
    this.view.mute(muted);
  }

  private follow(remedy: Remedy): void {
    if (remedy === "reload") location.reload();
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

/** Say what this deployment is; on AWS there is no such file, and nothing to say. */
async function showStage(view: View): Promise<void> {
  const answer = await fetch("stage.json").catch(() => undefined);
  if (answer?.ok && (await answer.json()).embedded) view.embedded();
}

function askedTransport(): TransportName | undefined {
  const asked = new URLSearchParams(location.search).get("transport");
  return TRANSPORTS.find((one) => one === asked);
}

function asProblem(fault: unknown): Problem {
  return fault instanceof Problem ? fault : doorUnreachable;
}

const page = new Page();
window.addEventListener("pagehide", () => page.leave());
void page.prepare();
