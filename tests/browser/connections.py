"""What a test can ask of the page's WebRTC connections; the page itself keeps them to itself."""

KEEP_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) { super(...options); window.connections.push(this); }
};
"""
"""To be run before the page's own scripts."""

HURRY = """
const wait = window.setTimeout.bind(window);
window.setTimeout = (what, after, ...more) => wait(what, after < 15_000 ? after : after / 10, ...more);
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
    """Make the long limits of the page that is loaded next a tenth as long."""
    await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=HURRY)
