/** What was said, as it is said. */

const NAMES = { caller: "You", agent: "Agent" } as const;
type Who = keyof typeof NAMES;

export class Transcript {
  /** The caller's line while it is still a guess. */
  private guess: HTMLElement | undefined;
  /** The agent's lines that are announced and not yet confirmed as spoken, in order. */
  private announced: HTMLElement[] = [];

  /** What stands there while nothing is said. */
  private readonly empty: Element[];

  constructor(private readonly log: HTMLElement) {
    this.empty = [...log.children];
  }

  clear(): void {
    this.log.replaceChildren(...this.empty);
    this.guess = undefined;
    this.announced = [];
  }

  /** The caller, as the agent understood them; a guess gives way to the next. */
  heard(text: string, final: boolean): void {
    const line = this.guess ?? this.line("caller");
    write(line, text);
    line.classList.toggle("guess", !final);
    // A screen reader hears a line once, when it is certain.
    line.setAttribute("aria-busy", String(!final));
    this.guess = final ? undefined : line;
    this.scroll();
  }

  /** The agent: the model announces each sentence, and tells afterwards how much of it was spoken. */
  said(text: string, spoken: boolean): void {
    if (!text.trim()) return;
    const line = (spoken && this.announced.shift()) || this.line("agent");
    write(line, text);
    line.classList.remove("cut");
    if (!spoken) this.announced.push(line);
    this.scroll();
  }

  typed(text: string): void {
    write(this.line("caller"), text);
    this.scroll();
  }

  /** The caller took the word: what was announced has not been heard, or not to its end. */
  interrupted(): void {
    for (const line of this.announced) line.classList.add("cut");
  }

  private line(who: Who): HTMLElement {
    const line = document.createElement("p");
    line.className = who;
    const name = document.createElement("b");
    name.textContent = `${NAMES[who]}: `;
    line.append(name, document.createElement("span"));
    if (this.empty[0]?.isConnected) this.log.replaceChildren();
    this.log.append(line);
    return line;
  }

  private scroll(): void {
    this.log.scrollTop = this.log.scrollHeight;
  }
}

/** Write only what is new: a screen reader reads whatever changes. */
function write(line: HTMLElement, text: string): void {
  const words = line.lastElementChild!;
  if (words.textContent !== text.trim()) words.textContent = text.trim();
}
