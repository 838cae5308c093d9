/** Puts the page together: who calls, and what they call with. */

import { LogLevel, logger } from "@pipecat-ai/client-js";

import { BEFORE_CALL, readAbout } from "./about";
import type { About } from "./about";
import { Person, guest, takeInvite } from "./caller";
import type { Caller } from "./caller";
import type { TransportName } from "./door";
import { LocalMedia } from "./media";
import { Phone, asProblem } from "./phone";
import type { Remedy } from "./problem";
import { SignIn } from "./sign_in";
import { View } from "./view";

const TRANSPORTS: readonly TransportName[] = ["webrtc", "websocket"];

// What Pipecat logs holds what people say, and calls every hang-up a fatal error; faults are shown on the page.
logger.setLevel(LogLevel.NONE);

class Page {
  private readonly invite = takeInvite();
  private readonly media = new LocalMedia((speaker, level) => {
    this.view.level(speaker, level);
    this.phone?.level(speaker, level);
  });
  private signIn: SignIn | undefined;
  private phone: Phone | undefined;
  private readonly view = new View({
    approach: () => this.phone?.approach(),
    call: () => void this.phone?.begin(),
    hangUp: () => this.phone?.hangUp(),
    mute: (muted) => this.phone?.mute(muted),
    type: (text) => this.phone?.type(text),
    remedy: (remedy) => this.follow(remedy),
    signIn: () => void this.begin(),
    signOut: () => void this.end(),
  });

  async prepare(): Promise<void> {
    try {
      const about = await readAbout();
      if (about.embedded) this.view.embedded();
      const caller = await this.identify(about);
      if (caller) await this.admit(caller, about);
    } catch (fault) {
      this.view.problem(asProblem(fault));
    }
  }

  /** The page is there again as it was left: from the browser's cache. */
  async resume(): Promise<void> {
    if (this.phone) await this.phone.prepare();
    else await this.prepare();
  }

  leave(): void {
    this.phone?.leave();
  }

  /** Say who calls; nobody, as long as the page tells them what to do about it. */
  private async identify(about: About): Promise<Caller | undefined> {
    const { auth } = about;
    if (this.invite !== undefined) return guest(this.invite, auth);
    if (auth.kind === "iam") {
      this.view.phase("machines");
      return undefined;
    }
    const signIn = (this.signIn = new SignIn(auth));
    signIn.onExpired = () => this.expired();
    if (await signIn.complete()) return new Person(signIn);
    this.view.phase("signed-out");
    return undefined;
  }

  private async admit(caller: Caller, about: About): Promise<void> {
    this.view.who(caller.root === "/guest" ? "guest" : "person", this.signIn?.name ?? "");
    const beforeCall = caller.mayWait ? (asked("before_call", BEFORE_CALL) ?? about.before_call) : "nothing";
    this.phone = new Phone(this.view, this.media, caller, asked("transport", TRANSPORTS), beforeCall);
    await this.phone.prepare();
  }

  private async begin(): Promise<void> {
    try {
      await this.signIn?.begin();
    } catch (fault) {
      this.view.problem(asProblem(fault));
    }
  }

  private async end(): Promise<void> {
    this.signedOut();
    await this.signIn?.end().catch(() => undefined); // the tokens are forgotten, whatever the issuer does
  }

  /** A call goes on without a sign-in; the next one needs it. */
  private expired(): void {
    if (!this.phone?.inUse) this.signedOut("Your sign-in has expired.");
  }

  private signedOut(why?: string): void {
    this.phone?.leave();
    this.phone = undefined;
    this.view.phase("signed-out", undefined, why);
    this.view.who("nobody", "");
  }

  private follow(remedy: Remedy): void {
    if (remedy === "sign-in") void this.begin();
    else if (remedy === "reload" || !this.phone) location.reload();
    else this.phone.follow(remedy);
  }
}

/** Return what the page's address asks for, if it is one of *offered*. */
function asked<Offered extends string>(name: string, offered: readonly Offered[]): Offered | undefined {
  const wanted = new URLSearchParams(location.search).get(name);
  return offered.find((one) => one === wanted);
}

const page = new Page();
window.addEventListener("pagehide", () => page.leave());
window.addEventListener("pageshow", ({ persisted }) => persisted && void page.resume());
void page.prepare();
