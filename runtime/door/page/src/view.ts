/** The page: what it shows, and what its controls ask for. */

import type { TransportName } from "./door";
import type { Speaker } from "./media";
import type { Path } from "./path";
import { PathProblem } from "./problem";
import type { Problem, Remedy } from "./problem";
import { Transcript } from "./transcript";

export type Phase =
  | "preparing"
  | "signed-out"
  | "machines"
  | "idle"
  | "connecting"
  | "connected"
  | "rejoining"
  | "ending"
  | "ended"
  | "problem";

const STATES: Record<Phase, readonly [string, string]> = {
  preparing: ["Getting ready…", "Opening a line to the agent."],
  "signed-out": ["Sign in to call", "This deployment answers people that it knows."],
  machines: [
    "Only machines call here",
    "This stage takes requests that are signed with AWS credentials. Ask the people who run it for a stage that " +
      "people can call.",
  ],
  idle: ["Ready to call", "Press Call, then simply speak."],
  connecting: ["Calling…", "Waiting for the agent to come to the line."],
  connected: ["On the line", "Speak whenever you like; you may interrupt."],
  rejoining: ["Finding another way…", "The connection broke; the conversation goes on in a moment."],
  ending: ["Hanging up…", ""],
  ended: ["The call is over", ""],
  problem: ["No call", ""],
};

const REMEDIES: Record<Remedy, string> = {
  retry: "Try again",
  "without-microphone": "Call without a microphone",
  websocket: "Call over WebSocket",
  reload: "Reload the page",
  "sign-in": "Sign in",
};

const NOBODY = new Set<Phase>(["signed-out", "machines"]);
const ON_THE_LINE = new Set<Phase>(["connecting", "connected", "rejoining", "ending"]);
/** Quieter than this shows as nothing, louder than the other as all. */
const FLOOR_DECIBELS = -55;
const CEILING_DECIBELS = -8;

export interface Controls {
  /** Somebody is about to press Call. */
  approach(): void;
  call(): void;
  mute(muted: boolean): void;
  hangUp(): void;
  type(text: string): void;
  remedy(remedy: Remedy): void;
  signIn(): void;
  signOut(): void;
}

export class View {
  readonly transcript = new Transcript(find("#transcript"));
  private readonly panel = find(".call");
  private readonly levels: Record<Speaker, number> = { caller: 0, agent: 0 };
  private painting = false;
  private since = 0;

  constructor(controls: Controls) {
    find("#call").onclick = () => controls.call();
    find("#call").onpointerenter = find("#call").onfocus = () => controls.approach();
    find("#sign-in").onclick = () => controls.signIn();
    find("#sign-out").onclick = () => controls.signOut();
    find("#hang-up").onclick = () => controls.hangUp();
    find("#mute").onclick = () => controls.mute(!this.muted);
    find<HTMLFormElement>("#writing").onsubmit = (event) => {
      event.preventDefault();
      const text = find<HTMLInputElement>("#text");
      if (text.value.trim()) controls.type(text.value.trim());
      text.value = "";
    };
    find(".remedies").onclick = ({ target }) => {
      const remedy = (target as HTMLElement).dataset["remedy"];
      if (remedy) controls.remedy(remedy as Remedy);
    };
    window.setInterval(() => this.tick(), 1000);
  }

  /** Say whether this is the embedded cloud, where the brain is offline. */
  embedded(): void {
    for (const one of document.querySelectorAll<HTMLElement>(".embedded")) one.hidden = false;
  }

  /** Say who calls. */
  who(kind: "nobody" | "person" | "guest", name: string): void {
    find("#who").hidden = kind === "nobody";
    find("#sign-out").hidden = kind !== "person";
    set("#name", kind === "guest" ? "You are a guest" : name ? `Signed in as ${name}` : "Signed in");
  }

  phase(phase: Phase, title = STATES[phase][0], hint = STATES[phase][1]): void {
    const had = document.activeElement;
    this.panel.dataset["phase"] = phase;
    find("#state").textContent = title;
    find("#hint").textContent = hint;
    const live = ON_THE_LINE.has(phase);
    find("#call").hidden = live || NOBODY.has(phase);
    find("#sign-in").hidden = phase !== "signed-out";
    find("#hang-up").hidden = find("#mute").hidden = find(".levels").hidden = !live;
    for (const control of find("#writing").querySelectorAll<HTMLInputElement>("input, button")) {
      control.disabled = phase !== "connected";
    }
    if (phase !== "problem") find("#problem").hidden = true;
    // A control that vanishes under the keyboard hands the focus on.
    if (live && (had === find("#call") || had === document.body)) find("#hang-up").focus();
    if (phase === "signed-out" && (had === find("#sign-out") || had === find("#call"))) find("#sign-in").focus();
    if (!live && (had === find("#hang-up") || had === find("#mute"))) find("#call").focus();
    if (phase === "connecting") this.begin();
    if (!live) this.rest();
  }

  problem(problem: Problem): void {
    this.phase("problem");
    if (problem instanceof PathProblem) this.noPath();
    const box = find("#problem");
    find("#problem h3").textContent = problem.title;
    find("#problem .advice").textContent = problem.advice;
    find("#problem .reference").textContent = problem.reference;
    find("#problem .remedies").replaceChildren(...problem.remedies.map(button));
    find("#call").hidden = true;
    box.hidden = false;
    box.focus();
  }

  connected(): void {
    this.since ||= performance.now();
    this.phase("connected");
  }

  get muted(): boolean {
    return find("#mute").getAttribute("aria-pressed") === "true";
  }

  mute(muted: boolean): void {
    find("#mute").setAttribute("aria-pressed", String(muted));
    find("#mute").textContent = muted ? "Muted" : "Mute";
  }

  microphone(there: boolean): void {
    find<HTMLButtonElement>("#mute").disabled = !there;
    if (!there) find("#hint").textContent = "There is no microphone: write, and the agent answers aloud.";
  }

  level(speaker: Speaker, level: number): void {
    const decibels = 20 * Math.log10(Math.max(level, 1e-6));
    const share = (decibels - FLOOR_DECIBELS) / (CEILING_DECIBELS - FLOOR_DECIBELS);
    // Up at once and down slowly, as needles do, and to the end: nobody sees a thousandth.
    const needle = Math.max(Math.min(1, Math.max(0, share)), this.levels[speaker] * 0.85);
    const shown = Math.floor(needle * 1000) / 1000;
    if (shown === this.levels[speaker]) return;
    this.levels[speaker] = shown;
    if (this.painting) return;
    this.painting = true;
    requestAnimationFrame(() => this.paint());
  }

  transport(name: TransportName): void {
    find(".figures").dataset["transport"] = name;
    set("#path", name === "websocket" ? "WebSocket" : "WebRTC");
    set("#place", name === "websocket" ? "to the agent, over TCP" : "finding a relay");
    for (const one of document.querySelectorAll<HTMLElement>(".rtc")) one.hidden = name === "websocket";
  }

  joined(milliseconds: number): void {
    set("#join", seconds(milliseconds));
  }

  answered(latencies: readonly number[]): void {
    set("#last", seconds(latencies.at(-1)!));
    const sorted = latencies.toSorted((a, b) => a - b);
    set("#median", seconds(sorted[Math.floor((sorted.length - 1) / 2)]!));
    set("#turns", latencies.length === 1 ? "of one answer" : `median of ${latencies.length} answers`);
  }

  path(path: Path): void {
    const relay = path.relay_protocol && `Relay over ${path.relay_protocol.toUpperCase()}`;
    set("#path", relay ?? (path.candidate_type ? `Direct (${path.candidate_type})` : "WebRTC"));
    set("#place", path.place.replace(/^turns?:/, "").replace(/\?.*/, ""));
    const all = (path.packets_lost ?? 0) + (path.packets_received ?? 0);
    set("#loss", all ? `${((100 * Math.max(0, path.packets_lost ?? 0)) / all).toFixed(1)} %` : "–");
    set("#jitter", path.jitter_milliseconds === null ? "–" : `${path.jitter_milliseconds.toFixed(0)} ms`);
    set("#round-trip", path.round_trip_milliseconds === null ? "–" : `${path.round_trip_milliseconds.toFixed(0)} ms`);
  }

  private noPath(): void {
    set("#path", "None");
    set("#place", "no way for the audio was found");
  }

  /** Nobody is on the line. */
  private rest(): void {
    this.since = this.levels.caller = this.levels.agent = 0;
    this.paint();
  }

  private begin(): void {
    this.transcript.clear();
    this.mute(false);
    for (const id of ["#join", "#last", "#median", "#duration", "#loss", "#jitter", "#round-trip"]) set(id, "–");
    set("#turns", "median");
  }

  private tick(): void {
    if (!this.since) return;
    const whole = Math.floor((performance.now() - this.since) / 1000);
    set("#duration", `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`);
  }

  private paint(): void {
    this.painting = false;
    this.panel.style.setProperty("--agent", this.levels.agent.toFixed(3));
    for (const speaker of ["caller", "agent"] as const) {
      const meter = find(`#${speaker}-level`);
      meter.setAttribute("aria-valuenow", String(Math.round(100 * this.levels[speaker])));
      meter.style.setProperty("--level", this.levels[speaker].toFixed(3));
    }
  }
}

function button(remedy: Remedy): HTMLElement {
  const element = document.createElement("button");
  element.type = "button";
  element.dataset["remedy"] = remedy;
  element.textContent = REMEDIES[remedy];
  return element;
}

function find<T extends HTMLElement = HTMLElement>(selector: string): T {
  return document.querySelector<T>(selector)!;
}

function set(selector: string, text: string): void {
  find(selector).textContent = text;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
