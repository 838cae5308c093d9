/**
 * Pipecat's transport over WebRTC, through relays whose credentials the door hands out.
 *
 * It speaks the protocol of Pipecat's SmallWebRTCTransport (one audio section, one data channel with RTVI, a
 * ping a second), which itself cannot be told a relay policy, offers two sections more than a call has, knows
 * no credentials that change, and connects no earlier than the caller presses the button.
 */

import { RTVIMessage, Transport, TransportStartError } from "@pipecat-ai/client-js";
import type { PipecatClientOptions, Tracks, TransportState } from "@pipecat-ai/client-js";

import { isTaken, takenOf } from "./addresses";
import type { Door, Invitation, Relays } from "./door";
import type { LocalMedia } from "./media";
import { nothingMeasured } from "./path";
import { PathProblem, noPath, noRelay } from "./problem";

const PING_MILLISECONDS = 1000;
/** Candidates that are found close together travel in one request. */
const BATCH_MILLISECONDS = 50;
/** A path that says nothing for so long is given up; shorter, and every dead spot on a walk would count. */
const LOST_MILLISECONDS = 3000;
const CONNECT_MILLISECONDS = 20_000;
const MOST_REJOINS = 3;

export class RelayTransport extends Transport {
  /** Told that the path died and a new one is looked for, and that it is found. */
  onRejoin: (under_way: boolean) => void = () => undefined;
  connection: RTCPeerConnection | undefined;
  private channel: RTCDataChannel | undefined;
  private opened: Promise<void> | undefined;
  private readonly speaker = new Audio();
  private rejoins = 0;
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

  /** Connect before the caller presses Call: the path stands, and the agent holds its greeting. */
  prepare(): Promise<void> {
    const { ice_servers = [], ice_transport_policy = "relay" } = this.invitation;
    this.opened ??= this.dial({ ice_servers, ice_transport_policy }, true);
    this.opened.catch(() => undefined); // whoever presses Call hears of it
    return this.opened;
  }

  isFor(invitation: Invitation): boolean {
    return this.invitation === invitation;
  }

  /** Let a path go that nobody used. */
  abandon(): void {
    this.hangUp();
  }

  private async dial(relays: Relays, hold: boolean): Promise<void> {
    this.hangUp();
    const connection = new RTCPeerConnection({
      iceServers: relays.ice_servers,
      iceTransportPolicy: relays.ice_transport_policy,
      bundlePolicy: "max-bundle", // one allocation per relay, not one per section
    });
    this.connection = connection;
    const microphone = connection.addTransceiver("audio", { direction: "sendrecv" });
    if (!hold) await microphone.sender.replaceTrack(this.media.track);
    const channel = connection.createDataChannel("rtvi", { ordered: true });
    connection.ontrack = ({ track }) => this.play(new MediaStream([track]));
    try {
      await Promise.race([this.negotiate(connection, channel, hold), relayWatch(connection)]);
    } catch (fault) {
      connection.close(); // a path that failed holds allocations, too
      if (fault instanceof PathProblem) this.reportNoPath();
      throw fault;
    }
  }

  /** Tell the operators: nobody else hears of a caller who never got through. */
  private reportNoPath(): void {
    this.door.report(this.invitation.session_id, nothingMeasured).catch(() => undefined);
  }

  private async negotiate(connection: RTCPeerConnection, channel: RTCDataChannel, hold: boolean): Promise<void> {
    const trickle = this.trickle(connection);
    await connection.setLocalDescription();
    const offer = takenOf(connection.localDescription!.sdp);
    const answer = await this.door.offer(this.invitation.session_id, offer, hold);
    await connection.setRemoteDescription(answer);
    trickle();
    await this.untilOpen(connection, channel);
  }

  /** Collect candidates until the agent knows the offer; the function that this returns lets them go. */
  private trickle(connection: RTCPeerConnection): () => void {
    let found: RTCIceCandidateInit[] = [];
    let timer: number | undefined;
    let answered = false;
    const send = () => {
      timer = undefined;
      const batch = found.splice(0);
      // A lost batch is no fault yet: other candidates may do, and no path at all is noticed anyway.
      if (batch.length) this.door.candidates(this.invitation.session_id, batch).catch(() => undefined);
    };
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate?.candidate || !isTaken(candidate.candidate)) return;
      found.push(candidate.toJSON());
      if (answered) timer ??= window.setTimeout(send, BATCH_MILLISECONDS);
    });
    return () => {
      answered = true;
      send();
    };
  }

  private untilOpen(connection: RTCPeerConnection, channel: RTCDataChannel): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(noPath);
      const late = window.setTimeout(fail, CONNECT_MILLISECONDS);
      connection.onconnectionstatechange = () => {
        if (connection.connectionState === "failed") fail();
      };
      channel.onopen = () => {
        window.clearTimeout(late);
        this.channel = channel;
        this.watch(connection, channel);
        resolve();
      };
    });
  }

  private watch(connection: RTCPeerConnection, channel: RTCDataChannel): void {
    channel.onmessage = ({ data }) => this.take(String(data));
    channel.onclose = () => this.lost(connection, "The agent closed the line.");
    window.clearInterval(this.pinging);
    this.pinging = window.setInterval(() => {
      if (channel.readyState === "open") channel.send(`ping: ${Date.now()}`);
    }, PING_MILLISECONDS);
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "failed") void this.rejoin();
      if (connection.connectionState === "disconnected") window.setTimeout(() => this.rejoinIfLost(connection), LOST_MILLISECONDS);
    };
  }

  private rejoinIfLost(connection: RTCPeerConnection): void {
    if (this.connection === connection && connection.connectionState === "disconnected") void this.rejoin();
  }

  /** Replace a dead path, with fresh credentials; the conversation goes on where it was. */
  private async rejoin(): Promise<void> {
    if (this.state !== "ready") return;
    this.rejoins += 1;
    if (this.rejoins > MOST_REJOINS) return this.fail("The connection broke and could not be made again.");
    this.onRejoin(true);
    try {
      await this.dial(await this.door.relays(this.invitation.session_id), false);
      this.onRejoin(false);
    } catch (fault) {
      this.fail(fault instanceof Error ? fault.message : "The connection broke.");
    }
  }

  private lost(connection: RTCPeerConnection, why: string): void {
    if (this.connection === connection && this.state === "ready") this.fail(why);
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
    if (this.channel) this.channel.onclose = null;
    if (this.connection) this.connection.onconnectionstatechange = null;
    this.connection?.close();
    this.channel = this.connection = undefined;
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
    await this.connection?.getTransceivers()[0]?.sender.replaceTrack(this.media.track);
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
    if (this.channel?.readyState === "open") this.channel.send(JSON.stringify(message));
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

/** Reject as soon as it is certain that no relay is within reach, though the call may go through nothing else. */
function relayWatch(connection: RTCPeerConnection): Promise<never> {
  const { iceServers = [], iceTransportPolicy } = connection.getConfiguration();
  const errors = new Map<string, number>();
  let found = false;
  connection.addEventListener("icecandidateerror", ({ url, errorCode }) => errors.set(url, errorCode));
  return new Promise((_, reject) => {
    connection.addEventListener("icecandidate", ({ candidate }) => {
      found ||= Boolean(candidate?.candidate);
      if (candidate || found || iceTransportPolicy !== "relay") return;
      reject(noRelay(iceServers.flatMap(({ urls }) => urls), errors));
    });
  });
}
