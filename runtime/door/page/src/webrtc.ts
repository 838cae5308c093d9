/**
 * Pipecat's transport over WebRTC, through relays whose credentials the door hands out.
 *
 * It speaks the protocol of Pipecat's SmallWebRTCTransport (one audio section, one data channel with RTVI, a
 * ping a second), which itself cannot be told a relay policy, offers two sections more than a call has, knows
 * no credentials that change, and connects no earlier than the caller presses the button.
 */

import { RTVIMessage, Transport, TransportStartError } from "@pipecat-ai/client-js";
import type { PipecatClientOptions, Tracks, TransportState } from "@pipecat-ai/client-js";

import type { Door, Invitation, Relays } from "./door";
import { Line } from "./line";
import type { LocalMedia } from "./media";
import { nothingMeasured } from "./path";
import { PassingProblem, PathProblem, Problem, broken, lineClosed } from "./problem";

const PING_MILLISECONDS = 1000;
/** A path that says nothing for so long is given up; shorter, and every dead spot on a walk would count. */
const LOST_MILLISECONDS = 3000;
const MOST_REJOINS = 3;
/** The agent waits for 20 s after it has noticed (`RETURN_SECONDS`), which is never before this page has. */
const RETURN_MILLISECONDS = 20_000;
const RETRY_MILLISECONDS = 1000;

export class RelayTransport extends Transport {
  /** Told that the path died and a new one is looked for, and that it is found. */
  onRejoin: (underWay: boolean) => void = () => undefined;
  /** Told why there is no way back. */
  onLost: (problem: Problem) => void = () => undefined;
  private line: Line | undefined;
  private opened: Promise<void> | undefined;
  private readonly speaker = new Audio();
  private rejoins = 0;
  private rejoining = false;
  private reported = false;
  /** What the agent said of itself before the caller pressed Call. */
  private early: RTVIMessage[] = [];
  private pinging: number | undefined;

  constructor(
    private readonly door: Door,
    private readonly invitation: Invitation,
    private readonly media: LocalMedia,
  ) {
    super();
    this._maxMessageSize = 16 * 1024; // a data channel's message that every browser takes
  }

  get connection(): RTCPeerConnection | undefined {
    return this.line?.connection;
  }

  /** Connect before the caller presses Call: the path stands, and the agent holds its greeting. */
  prepare(): Promise<void> {
    const { ice_servers = [], ice_transport_policy = "relay" } = this.invitation;
    this.opened ??= this.dial({ ice_servers, ice_transport_policy }, true);
    this.opened.catch(() => undefined); // whoever presses Call hears of it
    return this.opened;
  }

  /** Whether a call to *invitation* can begin on it. */
  serves(invitation: Invitation): boolean {
    return this.invitation === invitation && !this.line?.broken;
  }

  /** Let a path go that nobody used. */
  abandon(): void {
    this.hangUp();
  }

  private async dial(relays: Relays, hold: boolean): Promise<void> {
    this.hangUp();
    const line = (this.line = new Line(this.door, this.invitation.session_id, relays));
    line.connection.ontrack = ({ track }) => this.play(new MediaStream([track]));
    line.channel.onmessage = ({ data }) => this.take(String(data));
    try {
      if (!hold) await line.speak(this.media.track);
      await line.open(hold);
    } catch (fault) {
      if (fault instanceof PathProblem && this.line === line) this.reportNoPath();
      throw fault;
    }
    this.watch(line);
  }

  /** Tell the operators, once: nobody else hears of a caller who does not get through. */
  private reportNoPath(): void {
    if (this.reported) return;
    this.reported = true;
    this.door.report(this.invitation.session_id, nothingMeasured).catch(() => undefined);
  }

  private watch(line: Line): void {
    const { channel, connection } = line;
    channel.onclose = () => this.lost(line, "The agent closed the line.");
    window.clearInterval(this.pinging);
    this.pinging = window.setInterval(() => {
      if (channel.readyState === "open") channel.send(`ping: ${Date.now()}`);
    }, PING_MILLISECONDS);
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "failed") void this.rejoin();
      if (connection.connectionState === "disconnected") window.setTimeout(() => this.rejoinIfLost(line), LOST_MILLISECONDS);
    };
  }

  private rejoinIfLost(line: Line): void {
    if (this.line === line && line.connection.connectionState === "disconnected") void this.rejoin();
  }

  /** Replace a dead path, with fresh credentials; the conversation goes on where it was. */
  private async rejoin(): Promise<void> {
    if (this.state !== "ready" || this.rejoining) return;
    this.rejoins += 1;
    if (this.rejoins > MOST_REJOINS) return this.onLost(broken(lineClosed));
    this.rejoining = true;
    this.onRejoin(true);
    const problem = await this.comeBack(performance.now() + RETURN_MILLISECONDS);
    this.rejoining = false;
    if (this.state !== "ready") return; // hung up meanwhile
    if (problem) this.onLost(broken(problem));
    else this.onRejoin(false);
  }

  /** Try until it works, until the agent waits no longer, or until the door says that the call is over. */
  private async comeBack(until: number): Promise<Problem | undefined> {
    for (;;) {
      try {
        await this.dial(await this.door.relays(this.invitation.session_id), false);
        return undefined;
      } catch (fault) {
        const problem = fault instanceof Problem ? fault : lineClosed;
        if (!(problem instanceof PassingProblem) || this.state !== "ready" || performance.now() > until) return problem;
      }
      await new Promise((resolve) => window.setTimeout(resolve, RETRY_MILLISECONDS));
    }
  }

  private lost(line: Line, why: string): void {
    if (this.line === line && this.state === "ready") this.fail(why);
  }

  private fail(why: string): void {
    this._callbacks.onError?.(RTVIMessage.error(why, true));
  }

  private take(text: string): void {
    if (!text.startsWith("{")) return;
    const message = JSON.parse(text);
    if (message.label === "rtvi-ai" && this.state === "ready") this._onMessage(message);
    else if (message.label === "rtvi-ai") this.early.push(message);
    if (message.type === "signalling" && message.message?.type === "peerLeft") this.fail("The agent hung up.");
  }

  private play(stream: MediaStream): void {
    // Through an element, not the audio graph: browsers cancel the echo only of what they play themselves.
    this.speaker.srcObject = stream;
    this.media.measure(stream);
    if (this.state === "ready") void this.speaker.play();
  }

  private hangUp(): void {
    window.clearInterval(this.pinging);
    this.line?.close();
    this.line = undefined;
  }

  // What Pipecat's client calls

  initialize(options: PipecatClientOptions, messageHandler: (message: RTVIMessage) => void): void {
    this._options = options;
    this._callbacks = options.callbacks ?? {};
    this._onMessage = messageHandler;
    this.state = "disconnected";
  }

  async initDevices(): Promise<void> {
    await this.media.initialize();
    this.state = "initialized";
  }

  _validateConnectionParams(): undefined {
    return undefined;
  }

  async _connect(): Promise<void> {
    this.state = "connecting";
    await this.prepare();
    if (this._abortController?.signal.aborted) throw new TransportStartError("The caller hung up.");
    await this.line?.speak(this.media.track);
    await this.speaker.play().catch(() => undefined); // no track yet: `play` does it
    this.state = "connected";
    this._callbacks.onConnected?.();
  }

  async _disconnect(): Promise<void> {
    this.state = "disconnecting";
    this.hangUp();
    this.speaker.srcObject = null;
    await this.media.disconnect();
    this.state = "disconnected";
    this._callbacks.onDisconnected?.();
  }

  sendReadyMessage(): void {
    this.state = "ready";
    for (const message of this.early.splice(0)) this._onMessage(message);
    this.sendMessage(RTVIMessage.clientReady());
  }

  sendMessage(message: RTVIMessage): void {
    const channel = this.line?.channel;
    if (channel?.readyState === "open") channel.send(JSON.stringify(message));
  }

  get state(): TransportState {
    return this._state;
  }

  set state(state: TransportState) {
    if (this._state === state) return;
    this._state = state;
    this._callbacks.onTransportStateChanged?.(state);
  }

  enableMic(enable: boolean): void {
    this.media.mute(!enable);
  }

  get isMicEnabled(): boolean {
    return this.media.isMicEnabled;
  }

  tracks(): Tracks {
    return this.media.tracks();
  }

  // A call has one microphone, the system's, and no picture

  getAllMics = async (): Promise<MediaDeviceInfo[]> => [];
  getAllCams = async (): Promise<MediaDeviceInfo[]> => [];
  getAllSpeakers = async (): Promise<MediaDeviceInfo[]> => [];
  updateMic(): void {}
  updateCam(): void {}
  updateSpeaker(): void {}
  enableCam(): void {}
  enableScreenShare(): void {}
  readonly selectedMic = {};
  readonly selectedCam = {};
  readonly selectedSpeaker = {};
  readonly isCamEnabled = false;
  readonly isSharingScreen = false;
}
