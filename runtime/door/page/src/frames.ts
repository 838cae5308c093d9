/** Pipecat's protobuf frames, with the one that Pipecat's own serializer does not know. */

import type { RTVIMessage } from "@pipecat-ai/client-js";
import { ProtobufFrameSerializer } from "@pipecat-ai/websocket-transport";

type Incoming = Awaited<ReturnType<ProtobufFrameSerializer["deserialize"]>>;

/**
 * First byte of a frame that holds an interruption: field 5, length-delimited.
 * Source: pipecat 1.14 `frames/frames.proto`.  @pipecat-ai/websocket-transport 1.7.1 throws "Unknown frame kind".
 */
const INTERRUPTION = (5 << 3) | 2;

/** Passes by the transport, which hands on only what is labelled as RTVI's. */
const NOTHING = { type: "message", message: { label: "hotline" } as unknown as RTVIMessage } as const;

export class CallFrames extends ProtobufFrameSerializer {
  private last: Promise<unknown> = Promise.resolve();

  /** @param interrupted Told when the agent gives way to the caller: what has not been heard yet is void. */
  constructor(private readonly interrupted: () => void) {
    super();
  }

  /** Read frames one after the other: each is a Blob, and Blobs may be read out of turn. */
  override deserialize(data: Blob): Promise<Incoming> {
    const frame = this.last.then(() => this.read(data));
    this.last = frame.catch(() => undefined);
    return frame;
  }

  private async read(data: Blob): Promise<Incoming> {
    const [kind] = new Uint8Array(await data.slice(0, 1).arrayBuffer());
    if (kind !== INTERRUPTION) return super.deserialize(data);
    this.interrupted();
    return NOTHING;
  }
}
