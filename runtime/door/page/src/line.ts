/** One connection to the agent: offered, answered, found a path for, and closed. */

import { isTaken, takenOf } from "./addresses";
import type { Door, Relays } from "./door";
import { noPath, noRelay } from "./problem";
import type { Problem } from "./problem";

/** Candidates that are found close together travel in one request. */
const BATCH_MILLISECONDS = 50;
const CONNECT_MILLISECONDS = 20_000;
const BROKEN: readonly RTCPeerConnectionState[] = ["disconnected", "failed", "closed"];

export class Line {
  readonly connection: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  private readonly microphone: RTCRtpSender;
  private opened = false;
  /** What the search for a path came to, for the words about it. */
  private readonly found = new Set<string>();
  private readonly errors = new Map<string, number>();

  constructor(
    private readonly door: Door,
    private readonly session: string,
    private readonly relays: Relays,
  ) {
    this.connection = new RTCPeerConnection({
      iceServers: relays.ice_servers,
      iceTransportPolicy: relays.ice_transport_policy,
      bundlePolicy: "max-bundle", // one allocation per relay, not one per section
    });
    this.microphone = this.connection.addTransceiver("audio", { direction: "sendrecv" }).sender;
    this.channel = this.connection.createDataChannel("rtvi", { ordered: true });
    this.connection.addEventListener("icecandidateerror", ({ url, errorCode }) => this.errors.set(url, errorCode));
  }

  /** Whether it stood once and does not any more. */
  get broken(): boolean {
    return this.opened && BROKEN.includes(this.connection.connectionState);
  }

  /** Send what the microphone records from now on. */
  async speak(track: MediaStreamTrack | null): Promise<void> {
    await this.microphone.replaceTrack(track);
  }

  /** Connect; rejects with a `PathProblem` where audio finds no way. */
  async open(hold: boolean): Promise<void> {
    try {
      await Promise.race([this.negotiate(hold), this.untilHopeless()]);
      this.opened = true;
    } catch (fault) {
      this.close(); // a path that failed holds allocations, too
      throw fault;
    }
  }

  close(): void {
    this.channel.onclose = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  private async negotiate(hold: boolean): Promise<void> {
    const trickle = this.trickle();
    await this.connection.setLocalDescription();
    const offer = takenOf(this.connection.localDescription!.sdp);
    const answer = await this.door.offer(this.session, offer, hold);
    await this.connection.setRemoteDescription(answer);
    trickle();
    await this.untilOpen();
  }

  /** Collect candidates until the agent knows the offer; the function that this returns lets them go. */
  private trickle(): () => void {
    let found: RTCIceCandidateInit[] = [];
    let timer: number | undefined;
    let answered = false;
    const send = () => {
      timer = undefined;
      const batch = found.splice(0);
      // A lost batch is no fault yet: other candidates may do, and no path at all is noticed anyway.
      if (batch.length) this.door.candidates(this.session, batch).catch(() => undefined);
    };
    this.connection.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate?.candidate || !isTaken(candidate.candidate)) return;
      found.push(candidate.toJSON());
      if (answered) timer ??= window.setTimeout(send, BATCH_MILLISECONDS);
    });
    return () => {
      answered = true;
      send();
    };
  }

  private untilOpen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(this.hopeless());
      const late = window.setTimeout(fail, CONNECT_MILLISECONDS);
      this.connection.onconnectionstatechange = () => {
        if (this.connection.connectionState === "failed") fail();
      };
      this.channel.onopen = () => {
        window.clearTimeout(late);
        resolve();
      };
    });
  }

  /** Reject as soon as it is certain that no relay is within reach, though the call may go through nothing else. */
  private untilHopeless(): Promise<never> {
    return new Promise((_, reject) => {
      this.connection.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate?.type) this.found.add(candidate.type);
        if (candidate || this.found.size || this.relays.ice_transport_policy !== "relay") return;
        reject(this.hopeless());
      });
    });
  }

  private hopeless(): Problem {
    const onlyRelays = this.relays.ice_transport_policy === "relay";
    if (onlyRelays && !this.found.has("relay")) return noRelay(this.urls, this.errors);
    return noPath(this.found, this.urls, this.errors);
  }

  private get urls(): string[] {
    return this.relays.ice_servers.flatMap(({ urls }) => urls);
  }
}
