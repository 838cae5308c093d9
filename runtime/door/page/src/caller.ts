/** Who calls, and with what they ask the door: somebody who signed in, or a guest with an invite. */

import type { Auth } from "./about";
import { Problem, notSignedIn } from "./problem";
import { SignIn } from "./sign_in";

export interface Caller {
  /** Below which path of the door their sessions are. */
  readonly root: "" | "/guest";
  /** Whether asking for a session before the click costs nothing but a moment. */
  readonly mayWait: boolean;
  /** What it means when the door's gateway does not let them through. */
  refusal(status: number): Problem | undefined;
  /** What stands in `Authorization`; throws what keeps them from asking. */
  authorization(sessionId?: string): string;
  /** The door has opened a session for them. */
  opened(invitation: { session_id: string; token?: string }): void;
}

/** Somebody who signed in: one token for everything. */
export class Person implements Caller {
  readonly root = "";
  readonly mayWait = true;

  constructor(private readonly signIn: SignIn) {}

  refusal(status: number): Problem | undefined {
    return status === 401 ? notSignedIn : undefined;
  }

  authorization(): string {
    const token = this.signIn.token;
    if (!token) throw notSignedIn;
    return `Bearer ${token}`;
  }

  opened(): void {}
}

/** Somebody with an invite: it opens one session, whose own token opens the rest. */
export class Guest implements Caller {
  readonly root = "/guest";
  readonly mayWait = false; // the invite would be spent on a call that nobody made
  private readonly tokens = new Map<string, string>();

  constructor(private readonly invite: string) {}

  refusal(status: number): Problem | undefined {
    return status === 401 || status === 403 ? noInvite : undefined;
  }

  authorization(sessionId?: string): string {
    const token = sessionId === undefined ? this.invite : this.tokens.get(sessionId);
    if (!token) throw noInvite;
    return `Bearer ${token}`;
  }

  opened({ session_id, token }: { session_id: string; token?: string }): void {
    if (token) this.tokens.set(session_id, token);
  }
}

/** Take the invite out of the page's address, where the next person at this screen would find it. */
export function takeInvite(): string | undefined {
  const invite = new URLSearchParams(location.hash.slice(1)).get("invite");
  if (invite === null) return undefined;
  history.replaceState(null, "", `${location.pathname}${location.search}`);
  return invite;
}

const noInvite = new Problem(
  "This invite opens nothing",
  "Part of the link may be missing, or it is too old. Ask whoever sent it to you for another.",
  [],
);

export function guest(invite: string, auth: Auth): Guest {
  if (!auth.guests) {
    throw new Problem(
      "Invites open nothing here",
      "This deployment lets no guests in. Ask whoever sent you the link for another way to call.",
      [],
    );
  }
  return new Guest(invite);
}
