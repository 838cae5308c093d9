/** Signing in with the deployment's issuer: OpenID Connect, authorization code with PKCE. */

import { InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { User } from "oidc-client-ts";

import type { Auth } from "./about";
import { Problem } from "./problem";

/**
 * Tokens stay in this page's memory: nothing that outlives the page, or that another page of this origin could
 * read, ever holds one. What must survive the way to the issuer and back is PKCE's secret, which is good for
 * one sign-in and lies in the tab's own storage until then.
 */
export class SignIn {
  private readonly manager: UserManager;
  private readonly home = `${location.origin}/`;
  private user: User | null = null;
  /** Told when the sign-in has expired and could not be renewed. */
  onExpired: () => void = () => undefined;

  constructor(auth: Auth) {
    this.manager = new UserManager({
      authority: auth.issuer,
      client_id: auth.client_id,
      scope: auth.scopes,
      redirect_uri: this.home,
      post_logout_redirect_uri: this.home,
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      stateStore: new WebStorageStateStore({ store: sessionStorage }),
      automaticSilentRenew: false, // its second choice is a frame, which the page's policy forbids
    });
    this.manager.events.addUserLoaded((user) => void (this.user = user));
    this.manager.events.addAccessTokenExpiring(() => void this.renew());
    this.manager.events.addAccessTokenExpired(() => this.forget());
  }

  get token(): string | undefined {
    return this.user?.expired ? undefined : this.user?.access_token;
  }

  /** What the issuer calls the person; empty where it tells no name. */
  get name(): string {
    const profile = this.user?.profile;
    return profile?.name ?? profile?.preferred_username ?? profile?.email ?? "";
  }

  /** Come back from the issuer, if that is where the page comes from; returns whether somebody signed in. */
  async complete(): Promise<boolean> {
    const answer = new URLSearchParams(location.search);
    if (!answer.has("state") || !(answer.has("code") || answer.has("error"))) return false;
    const address = location.href;
    history.replaceState(null, "", location.pathname); // a code in the address bar ends up in screenshots
    try {
      this.user = (await this.manager.signinCallback(address)) ?? null;
    } catch (fault) {
      throw notSigned(fault);
    }
    const search = this.user?.state;
    if (typeof search === "string") history.replaceState(null, "", `${location.pathname}${search}`);
    return this.user !== null;
  }

  /** Leave for the issuer; what the page was asked for in its address is there again afterwards. */
  async begin(): Promise<void> {
    try {
      await this.manager.signinRedirect({ state: location.search });
    } catch (fault) {
      throw notSigned(fault);
    }
  }

  /** Forget the tokens, here and, where the issuer can, there. */
  async end(): Promise<void> {
    const metadata = await this.manager.metadataService.getMetadata();
    if (metadata.revocation_endpoint && this.user?.refresh_token) {
      await this.manager.revokeTokens(["refresh_token"]).catch(() => undefined); // it is forgotten all the same
    }
    this.user = null;
    // Cognito has names of its own for what the standard calls post_logout_redirect_uri.
    const named = { client_id: this.manager.settings.client_id, logout_uri: this.home };
    if (metadata.end_session_endpoint) await this.manager.signoutRedirect({ extraQueryParams: named });
    else await this.manager.removeUser();
  }

  private async renew(): Promise<void> {
    if (!this.user?.refresh_token) return;
    await this.manager.signinSilent().catch(() => undefined); // when it has expired, the page says so
  }

  private forget(): void {
    this.user = null;
    this.onExpired();
  }
}

function notSigned(fault: unknown): Problem {
  const said = fault instanceof Error ? fault.message : "";
  return new Problem(
    "Signing in did not work",
    "The people who run this deployment know the issuer that signs you in. Try again; if it lasts, tell them.",
    ["sign-in"],
    said,
  );
}
