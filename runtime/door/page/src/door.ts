/** The door's HTTP API, which has the page's own origin. */

import type { Caller } from "./caller";
import { doorUnreachable, refusal } from "./problem";

export type TransportName = "websocket" | "webrtc";

/** A session that the door opened, and the way into it. */
export interface Invitation {
  session_id: string;
  expires_in_seconds: number;
  /** Of guests: opens what belongs to this session. */
  token?: string;
  /** WebSocket: a signed address. */
  url?: string;
  /** WebRTC. */
  ice_servers?: RTCIceServer[];
  ice_transport_policy?: RTCIceTransportPolicy;
}

export interface Relays {
  ice_servers: RTCIceServer[];
  ice_transport_policy: RTCIceTransportPolicy;
}

/** What the browser measured; null where it measured nothing. */
export interface Report {
  join_milliseconds: number | null;
  packets_lost: number | null;
  packets_received: number | null;
  jitter_milliseconds: number | null;
  round_trip_milliseconds: number | null;
  candidate_type: string | null;
  relay_protocol: string | null;
}

/** The door does not speak it, or has no relay for it at the moment; the other transport may do. */
const NOT_TO_BE_HAD = [400, 503];

export class Door {
  constructor(private readonly caller: Caller) {}

  async open(transport: TransportName): Promise<Invitation> {
    return this.opened(await this.accepted(await this.ask("POST", "/sessions", undefined, { transport })));
  }

  /** Open a session over WebRTC; undefined when the door cannot, though it might over WebSocket. */
  async tryRelayed(): Promise<Invitation | undefined> {
    const response = await this.ask("POST", "/sessions", undefined, { transport: "webrtc" });
    return NOT_TO_BE_HAD.includes(response.status) ? undefined : this.opened(await this.accepted(response));
  }

  async offer(id: string, sdp: string, hold: boolean): Promise<RTCSessionDescriptionInit> {
    const body = { type: "offer", sdp, ...(hold && { hold }) };
    return (await this.accepted(await this.of(id, "POST", "/offer", body))).json();
  }

  async candidates(id: string, candidates: RTCIceCandidateInit[]): Promise<void> {
    await this.accepted(await this.of(id, "PATCH", "/offer", { candidates }));
  }

  async relays(id: string): Promise<Relays> {
    return (await this.accepted(await this.of(id, "POST", "/relays"))).json();
  }

  async report(id: string, report: Report): Promise<void> {
    await this.accepted(await this.of(id, "POST", "/stats", report));
  }

  /** Return the ledger's reason for a session's end; empty while it goes on. */
  async reason(id: string): Promise<string> {
    const session = await (await this.accepted(await this.of(id, "GET", ""))).json();
    return session.reason ?? "";
  }

  /** Give a session back; works while the page is being left, too. */
  giveBack(id: string): void {
    void this.ask("DELETE", `/sessions/${id}`, id, undefined, true).catch(() => undefined);
  }

  private async accepted(response: Response): Promise<Response> {
    if (!response.ok) throw this.caller.refusal(response.status) ?? (await refusal(response));
    return response;
  }

  private async opened(response: Response): Promise<Invitation> {
    const invitation: Invitation = await response.json();
    this.caller.opened(invitation);
    return invitation;
  }

  private of(id: string, method: string, path: string, body?: object): Promise<Response> {
    return this.ask(method, `/sessions/${id}${path}`, id, body);
  }

  private async ask(
    method: string,
    path: string,
    id: string | undefined,
    body?: object,
    keepalive = false,
  ): Promise<Response> {
    const headers: Record<string, string> = { Authorization: this.caller.authorization(id) };
    if (body) headers["Content-Type"] = "application/json";
    const content = body && { body: JSON.stringify(body) };
    try {
      return await fetch(`${this.caller.root}${path}`, { method, headers, keepalive, ...content });
    } catch {
      throw doorUnreachable;
    }
  }
}

/** A session opened before it is needed: pressing Call then only starts. Unused, it expires at the door. */
export class WaitingSession {
  private opening: Promise<Invitation> | undefined;
  private good = 0;

  /** @param asked The transport that somebody insists on; without one, the best that the door offers. */
  constructor(
    private readonly door: Door,
    private asked: TransportName | undefined,
  ) {
    this.wanted = asked ?? "webrtc";
  }

  private wanted: TransportName;

  get transport(): TransportName {
    return this.wanted;
  }

  /** Insist on *transport* from now on. */
  choose(transport: TransportName): void {
    if (transport !== this.wanted) this.giveBack();
    this.asked = this.wanted = transport;
  }

  /** Have a session; one that is about to expire is replaced. */
  prepare(): Promise<Invitation> {
    if (!this.opening || performance.now() > this.good) this.opening = this.open();
    return this.opening;
  }

  /** Take the session: it is the call's from now on. */
  async take(): Promise<Invitation> {
    const invitation = await this.prepare();
    this.opening = undefined;
    return invitation;
  }

  giveBack(): void {
    const opening = this.opening;
    this.opening = undefined;
    void opening?.then((one) => this.door.giveBack(one.session_id)).catch(() => undefined);
  }

  private async open(): Promise<Invitation> {
    this.good = Infinity;
    try {
      const invitation = await (this.asked ? this.door.open(this.asked) : this.openBest());
      // Not quite to its end: joining takes a moment, too.
      this.good = performance.now() + invitation.expires_in_seconds * 900;
      return invitation;
    } catch (fault) {
      this.opening = undefined;
      throw fault;
    }
  }

  private async openBest(): Promise<Invitation> {
    const relayed = await this.door.tryRelayed();
    this.wanted = relayed ? "webrtc" : "websocket";
    return relayed ?? this.door.open("websocket");
  }
}
