/** What can go wrong with a call, in the words that its caller reads. */

export type Remedy = "retry" | "without-microphone" | "websocket" | "reload" | "sign-in";

/** Something that keeps the call from happening: what it is, what to do, and what the page can do. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly advice: string,
    readonly remedies: readonly Remedy[] = ["retry"],
    /** For the people who run the deployment; the caller may read it out to them. */
    readonly reference = "",
  ) {
    super(title);
  }
}

/** Something that may have passed a moment later, without anybody doing anything. */
export class PassingProblem extends Problem {}

/** The browser found no way for the audio to the agent. */
export class PathProblem extends PassingProblem {}

/** What the door says when somebody else is at fault: too many at once, or the agent. */
const PASSING = [429, 502, 503, 504];

const MICROPHONES: Record<string, readonly [string, string]> = {
  NotAllowedError: [
    "The microphone is blocked",
    "This page may not use it. Allow the microphone in the browser's site settings (the icon beside the " +
      "address), and call again. You can also call without it: you type, and the agent speaks.",
  ],
  NotFoundError: [
    "There is no microphone",
    "Plug one in, or switch it on, and call again. You can also call without it: you type, and the agent speaks.",
  ],
  NotReadableError: [
    "The microphone is busy",
    "Another program holds it, or the system does not hand it over. Close that program and call again, or call " +
      "without it: you type, and the agent speaks.",
  ],
};

export function microphoneProblem(fault: unknown): Problem {
  const name = fault instanceof DOMException ? fault.name : "";
  const [title, advice] = MICROPHONES[name] ?? [
    "The microphone does not work",
    "The browser could not open it. Check it in the system's settings and call again, or call without it.",
  ];
  return new Problem(title, advice, ["retry", "without-microphone"]);
}

/** Turn the door's refusal (application/problem+json, RFC 9457) into words. */
export async function refusal(response: Response): Promise<Problem> {
  const said = await response.json().catch(() => ({}));
  const detail: string = said.detail ?? said.message ?? "";
  const reference = said.request_id ? `Request ${said.request_id}` : `HTTP ${response.status}`;
  const titles: Record<number, string> = {
    403: "You may not call here",
    410: "This invite has been used",
    429: "All lines are busy",
    502: "The door does not answer",
    503: "The service is not available",
  };
  const title = titles[response.status] ?? "The door refused the call";
  const remedies: readonly Remedy[] = response.status === 410 ? [] : ["retry"]; // gone for good
  const Kind = PASSING.includes(response.status) ? PassingProblem : Problem;
  return new Kind(title, detail || "Try again in a moment.", remedies, reference);
}

export const notSignedIn = new Problem(
  "You are not signed in",
  "Your sign-in has expired, or the door does not know it any more. Sign in again to call.",
  ["sign-in"],
);

export const doorUnreachable = new PassingProblem(
  "The door does not answer",
  "No connection to this page's own server. Is this device online? If you started `scripts/local`, is it still running?",
);

export const agentUnreachable = new Problem(
  "The agent could not be reached",
  "The door let the call through, but no connection to the agent came up. Try again; a fresh session often helps.",
);

export const agentSilent = new Problem(
  "The agent did not answer",
  "The connection is up, but the agent did not come to the line. Try again in a moment.",
);

const RELAY_ERRORS: Record<number, string> = {
  401: "refused the credentials",
  486: "has no room for another call",
  701: "did not answer",
};

/** What this browser found of its own ways (RTCIceCandidateType). */
const WAYS: Record<string, string> = {
  host: "this device's own address",
  srflx: "its address on the internet",
  prflx: "an address that the agent saw",
  relay: "a relay",
};

/** Say what was found, though no path of it led to the agent. */
export function noPath(
  found: ReadonlySet<string>,
  urls: readonly string[],
  errors: ReadonlyMap<string, number>,
): Problem {
  const reached = found.has("relay") ? "A relay was reached" : "No relay was reached";
  const ways = [...found].map((way) => WAYS[way] ?? way).join(", ");
  const reasons = [`Found here: ${ways || "nothing"}`, ...(found.has("relay") ? [] : relayReasons(urls, errors))];
  return new PathProblem(
    "Audio finds no way through",
    `${reached}, and no path to the agent worked. A firewall may block it. Try another network, or call over WebSocket.`,
    ["retry", "websocket"],
    reasons.join("; "),
  );
}

/** Say what became of each relay. */
export function noRelay(urls: readonly string[], errors: ReadonlyMap<string, number>): Problem {
  return new PathProblem(
    "No relay can be reached",
    "Audio needs a relay, and this network lets none through. Try another network, or call over WebSocket.",
    ["retry", "websocket"],
    relayReasons(urls, errors).join("; "),
  );
}

/** From the browser's icecandidateerror events; about relays that are silent it tells nothing. */
function relayReasons(urls: readonly string[], errors: ReadonlyMap<string, number>): string[] {
  const answers = new Map([...urls.map((url) => [url, 701] as const), ...errors]);
  return [...answers].map(([url, code]) => `${url} ${RELAY_ERRORS[code] ?? `answered with error ${code}`}`);
}

export const lineClosed = new Problem("The line is closed", "Call again; the agent begins anew.");

/** Say that a call which ran has ended, because of *cause*. */
export function broken(cause: Problem): Problem {
  const advice = `It could not be made again. ${cause.advice}`;
  return new Problem("The connection broke", advice, cause.remedies, cause.reference);
}

const ENDINGS: Record<string, readonly [string, string]> = {
  hang_up: ["The call is over", "Call again whenever you like."],
  stopped: ["The call was ended", "Somebody ended this session from outside."],
  idle: ["The agent hung up", "Nobody had spoken for a while."],
  duration: ["The agent hung up", "The call had reached its longest duration."],
  cost: ["The agent hung up", "The call had reached its limit of cost."],
  model_unavailable: ["The agent lost its voice", "The model could not be reached. Try again in a moment."],
  agent_lost: ["The agent is gone", "It stopped answering. Try again."],
  agent_error: ["The agent failed", "It ended the call by a fault of its own. Try again."],
  caller_gone: ["The connection broke", "The agent could not hear you any more. Try again."],
};

/** Say why a call ended, from the ledger's reason. */
export function ending(reason: string): readonly [string, string] {
  return ENDINGS[reason] ?? ["The call is over", "The other side closed the line."];
}
