/**
 * Which of a browser's candidates the door takes: relays', hidden names, and addresses of the Internet.
 *
 * The agent is on another network: what is private here is somebody else there, so the door refuses it.
 * `runtime/door/addresses.py` has the list and the reasons; with the policy `relay` none of this is ever found.
 */

const INSIDE = [
  /^(0|10|127)\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^169\.254\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^192\.(0\.0|88\.99|168)\./,
  /^198\.1[89]\./,
  /^(22[4-9]|2[3-5]\d)\./,
];
/** Global unicast, without 6to4 and what 2001::/23 is set aside for. */
const GLOBAL = /^(?!2002:|2001:(0?|1?[0-9a-f]{1,2}):)[23][0-9a-f]{3}:/i;

const ADDRESS = 4;
const KIND = 7;

export function isTaken(candidate: string): boolean {
  const fields = candidate.split(" ");
  const address = fields[ADDRESS] ?? "";
  if (fields[KIND] === "relay" || address.endsWith(".local")) return true;
  return address.includes(":") ? GLOBAL.test(address) : !INSIDE.some((network) => network.test(address));
}

/** The offer without the candidates that the door would refuse; c= is of no use to ICE, and may hold one. */
export function takenOf(offer: string): string {
  return offer
    .split("\r\n")
    .filter((line) => !line.startsWith("a=candidate:") || isTaken(line.slice("a=".length)))
    .map((line) => (line.startsWith("c=") ? "c=IN IP4 0.0.0.0" : line))
    .join("\r\n");
}
