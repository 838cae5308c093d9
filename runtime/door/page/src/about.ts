/** What the page must know of its stage before anybody has signed in. */

import { doorUnreachable } from "./problem";

/** What stands before the caller presses Call: each is quicker than the next, and costs more while nobody calls. */
export const BEFORE_CALL = ["path", "agent", "nothing"] as const;
export type BeforeCall = (typeof BEFORE_CALL)[number];

export interface Auth {
  kind: "cognito" | "oidc" | "iam";
  issuer: string;
  client_id: string;
  /** Apart by spaces. */
  scopes: string;
  /** Whether invite links let people in. */
  guests: boolean;
}

export interface About {
  stage: string;
  /** The brain is offline there. */
  embedded: boolean;
  before_call: BeforeCall;
  auth: Auth;
}

export async function readAbout(): Promise<About> {
  const answer = await fetch("page/config.json").catch(() => undefined);
  if (!answer?.ok) throw doorUnreachable;
  return answer.json();
}
