/** The door's HTTP API, as this page's own server passes it on. */

import { doorUnreachable, refusal } from "./problem";

export type TransportName = "websocket" | "webrtc";

/** A session that the door opened, and the way into it. */
export interface Invitation {
  session_id: string;
  expires_in_seconds: number;
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
  async open(transport: TransportName): Promise<Invitation> {
    return (await accepted(await this.send("POST", "/sessions", { transport }))).json();
  }

  /** Open a session over WebRTC; undefined when the door cannot, though it might over WebSocket. */
  async tryRelayed(): Promise<Invitation | undefined> {
    const response = await this.send("POST", "/sessions", { transport: "webrtc" });
    return NOT_TO_BE_HAD.includes(response.status) ? undefined : (await accepted(response)).json();
  }

  async offer(id: string, sdp: string, hold: boolean): Promise<RTCSessionDescriptionInit> {
    const body = { type: "offer", sdp, ...(hold && { hold }) };
    return (await accepted(await this.send("POST", `/sessions/${id}/offer`, body))).json();
  }

  async candidates(id: string, candidates: RTCIceCandidateInit[]): Promise<void> {
    await accepted(await this.send("PATCH", `/sessions/${id}/offer`, { candidates }));
  }

  async relays(id: string): Promise<Relays> {
    return (await accepted(await this.send("POST", `/sessions/${id}/relays`))).json();
  }

  async report(id: string, report: Report): Promise<void> {
    await accepted(await this.send("POST", `/sessions/${id}/stats`, report));
  }

  /** Return the ledger's reason for a session's end; empty while it goes on. */
  async reason(id: string): Promise<string> {
    const session = await (await accepted(await this.send("GET", `/sessions/${id}`))).json();
    return session.reason ?? "";
  }

  /** Give a session back; works while the page is being left, too. */
  giveBack(id: string): void {
    void fetch(`/api/sessions/${id}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }

  private async send(method: string, path: string, body?: object): Promise<Response> {
    const content = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    try {
      return await fetch(`/api${path}`, { method, ...content });
    } catch {
      throw doorUnreachable;
    }
  }
}

async function accepted(response: Response): Promise<Response> {
  if (!response.ok) throw await refusal(response);
  return response;
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
