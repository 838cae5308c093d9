/** Puts the page together: a session waits before the click, a call begins with it. */

import { LogLevel, logger } from "@pipecat-ai/client-js";

import { Call } from "./call";
import type { Listener } from "./call";
import { Door, WaitingSession } from "./door";
import type { Invitation, TransportName } from "./door";
import { LocalMedia } from "./media";
import { readPath } from "./path";
import { Problem, doorUnreachable } from "./problem";
import type { Remedy } from "./problem";
import { View } from "./view";
import { RelayTransport } from "./webrtc";

const MILLISECONDS = 1000;
const TRANSPORTS: readonly TransportName[] = ["webrtc", "websocket"];
/** What stands before the caller presses Call: each is quicker than the next, and costs more while nobody calls. */
const BEFORE_CALL = ["path", "agent", "nothing"] as const;
type BeforeCall = (typeof BEFORE_CALL)[number];

// What Pipecat logs holds what people say, and calls every hang-up a fatal error; faults are shown on the page.
logger.setLevel(LogLevel.NONE);

class Page {
  private readonly door = new Door();
  private readonly waiting = new WaitingSession(this.door, asked("transport", TRANSPORTS));
  private readonly media = new LocalMedia((speaker, level) => {
    this.view.level(speaker, level);
    this.call?.level(speaker, level);
  });
  private call: Call | undefined;
  private relayed: RelayTransport | undefined;
  private beforeCall: BeforeCall = "path";
  private microphone = true;
  private calledOff = false;
  private readonly view = new View({
    approach: () => void this.warm().catch(() => undefined), // the click says what is wrong
    call: () => void this.begin(),
    hangUp: () => this.hangUp(),
    mute: (muted) => this.mute(muted),
    type: (text) => void this.call?.type(text),
    remedy: (remedy) => this.follow(remedy),
  });

  async prepare(): Promise<void> {
    this.view.transport(this.waiting.transport);
    try {
      const decided = await readStage(this.view);
      this.beforeCall = asked("before_call", BEFORE_CALL) ?? decided;
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

  /** Have ready, before anybody asks for it, what the stage pays for. */
  private async warm(): Promise<void> {
    if (this.beforeCall === "nothing") return;
    const invitation = await this.waiting.prepare();
    this.view.transport(this.waiting.transport);
    if (this.beforeCall === "path") this.connect(invitation);
  }

  /** Over WebRTC, connect the whole path. */
  private connect(invitation: Invitation): void {
    if (!invitation.ice_servers || this.relayed?.isFor(invitation)) return;
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

  private async begin(): Promise<void> {
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
      const relayed = this.relayed?.isFor(invitation) ? this.relayed : undefined;
      this.relayed = undefined;
      this.call = new Call(this.door, invitation, this.media, this.listener(), relayed);
      await unlocked;
      await this.call.start(pressedAt, this.microphone);
    } catch (fault) {
      this.failed(asProblem(fault));
    }
  }

  private hangUp(): void {
    this.calledOff = true;
    void this.call?.hangUp();
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

/** Say what this deployment is, and return what it has ready before a call. */
async function readStage(view: View): Promise<BeforeCall> {
  const answer = await fetch("stage.json").catch(() => undefined);
  const stage = answer?.ok ? await answer.json() : {};
  if (stage.embedded) view.embedded();
  return BEFORE_CALL.find((one) => one === stage.before_call) ?? "path";
}

/** Return what the page's address asks for, if it is one of *offered*. */
function asked<Offered extends string>(name: string, offered: readonly Offered[]): Offered | undefined {
  const wanted = new URLSearchParams(location.search).get(name);
  return offered.find((one) => one === wanted);
}

function asProblem(fault: unknown): Problem {
  return fault instanceof Problem ? fault : doorUnreachable;
}

const page = new Page();
window.addEventListener("pagehide", () => page.leave());
window.addEventListener("pageshow", ({ persisted }) => persisted && void page.prepare()); // back from the cache
void page.prepare();
