"""What a test can ask of the page's WebRTC connections; the page itself keeps them to itself."""

KEEP_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) { super(...options); window.connections.push(this); }
};
"""
"""To be run before the page's own scripts."""

SEARCH_MILLISECONDS = 20_000
"""How long the page looks for a path (runtime/door/page/src/line.ts)."""

HURRY = f"""
const wait = window.setTimeout.bind(window);
window.setTimeout = (what, after, ...more) => wait(what, after === {SEARCH_MILLISECONDS} ? 1500 : after, ...more);
"""

SELECTED_PAIR = """(async () => {
  const stats = await window.connections.at(-1).getStats();
  const transport = [...stats.values()].find(one => one.type === 'transport');
  const pair = stats.get(transport.selectedCandidatePairId);
  const local = stats.get(pair.localCandidateId);
  return [local.candidateType, local.relayProtocol ?? '', stats.get(pair.remoteCandidateId).candidateType];
})()"""
"""Kind of candidate here, how it reaches its relay, and kind of candidate at the agent's end."""


async def keep_connections(tab):
    await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEP_CONNECTIONS)


async def hurry(tab):
    """Have the page that is loaded next give up soon on finding a path."""
    await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=HURRY)
