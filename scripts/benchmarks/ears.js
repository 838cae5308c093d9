// Ears of a caller, the same for every page: window.heard tells the milliseconds from the click on #call to the
// first sound of the agent's voice.
(() => {
  const AUDIBLE = 0.012; // the page's own threshold: rooms and codecs hiss below
  const LOOK_MILLISECONDS = 5;
  const SAMPLES = 512;
  const voices = [];
  let listen;
  let tell;
  window.heard = new Promise((resolve) => (tell = resolve));
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      window.connections.push(this);
      this.addEventListener("track", ({ track }) => {
        if (track.kind !== "audio") return;
        voices.push(track);
        listen?.(track);
      });
    }
  };
  const begin = ({ target }) => {
    if (!target.closest("#call") || listen) return;
    const pressedAt = performance.now();
    const ears = new AudioContext({ latencyHint: "interactive" });
    listen = (track) => {
      const meter = new AnalyserNode(ears, { fftSize: SAMPLES });
      const samples = new Float32Array(SAMPLES);
      ears.createMediaStreamSource(new MediaStream([track])).connect(meter);
      const looking = setInterval(() => {
        meter.getFloatTimeDomainData(samples);
        if (!samples.some((one) => Math.abs(one) > AUDIBLE)) return;
        clearInterval(looking);
        tell(performance.now() - pressedAt);
      }, LOOK_MILLISECONDS);
    };
    voices.forEach(listen);
  };
  window.addEventListener("click", begin, { capture: true });
})();
