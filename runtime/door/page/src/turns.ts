/** From the end of what the caller says to the first sound of the answer, measured at this device's ears. */

import type { Speaker } from "./media";

/** Above what is called sound; rooms and microphones hiss below. */
const AUDIBLE = 0.012;
/** A pause of the agent's that ends an utterance; shorter ones are breath. */
const PAUSE_MILLISECONDS = 500;
/** Less is a click, not a word. */
const WORD_MILLISECONDS = 160;
const LEVEL_MILLISECONDS = 20;

export class Turns {
  /** Milliseconds, in the order of the answers. */
  readonly latencies: number[] = [];
  private agentHeardAt = -Infinity;
  private askedAt: number | undefined;
  private spoken = 0;

  /** @param answered Told when an answer begins; undefined for words that answer nothing, such as the greeting. */
  constructor(private readonly answered: (latency: number | undefined) => void) {}

  level(speaker: Speaker, level: number, now: number): void {
    if (level < AUDIBLE) return;
    if (speaker === "agent") this.agent(now);
    else this.caller(now);
  }

  /** Typed words are a question, too. */
  typed(now: number): void {
    this.askedAt = now;
  }

  private caller(now: number): void {
    this.spoken += LEVEL_MILLISECONDS;
    if (this.spoken >= WORD_MILLISECONDS) this.askedAt = now;
  }

  private agent(now: number): void {
    const begins = now - this.agentHeardAt > PAUSE_MILLISECONDS;
    this.agentHeardAt = now;
    if (!begins) return;
    const latency = this.askedAt === undefined ? undefined : now - this.askedAt;
    if (latency !== undefined) this.latencies.push(latency);
    this.askedAt = undefined;
    this.spoken = 0;
    this.answered(latency);
  }
}
