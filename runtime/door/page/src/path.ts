/** The path that the audio takes, and how good it is, from the browser's own statistics. */

import type { Report } from "./door";

export interface Path extends Omit<Report, "join_milliseconds"> {
  /** Host and port of the relay, or of the agent when there is none. */
  place: string;
}

type Entry = Record<string, unknown> & { id: string; type: string };

const MILLISECONDS = 1000;

/** What a browser reports that found no path. */
export const nothingMeasured: Report = {
  join_milliseconds: null,
  packets_lost: null,
  packets_received: null,
  jitter_milliseconds: null,
  round_trip_milliseconds: null,
  candidate_type: null,
  relay_protocol: null,
};

export async function readPath(connection: RTCPeerConnection): Promise<Path> {
  const entries = new Map<string, Entry>();
  (await connection.getStats()).forEach((entry: Entry) => entries.set(entry.id, entry));
  const of = (type: string) => [...entries.values()].filter((entry) => entry.type === type);
  const pair = entries.get(String(of("transport")[0]?.["selectedCandidatePairId"]));
  const local = entries.get(String(pair?.["localCandidateId"]));
  const audio = of("inbound-rtp").find((entry) => entry["kind"] === "audio");
  const type = (local?.["candidateType"] as string | undefined) ?? null;
  return {
    candidate_type: type,
    relay_protocol: type === "relay" ? String(local?.["relayProtocol"] ?? "udp") : null,
    packets_lost: figure(audio?.["packetsLost"]),
    packets_received: figure(audio?.["packetsReceived"]),
    jitter_milliseconds: milliseconds(audio?.["jitter"]),
    round_trip_milliseconds: milliseconds(pair?.["currentRoundTripTime"]),
    place: String(local?.["url"] ?? ""),
  };
}

function figure(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function milliseconds(seconds: unknown): number | null {
  return typeof seconds === "number" ? Math.round(seconds * MILLISECONDS * 10) / 10 : null;
}
