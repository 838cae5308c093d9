/** What was said, as it is said. */

const NAMES = { caller: "You", agent: "Agent" } as const;
type Who = keyof typeof NAMES;

export class Transcript {
  private partial: HTMLElement | undefined;
  private segment: { id: number; line: HTMLElement } | undefined;
  private agentLine: HTMLElement | undefined;

  constructor(private readonly log: HTMLElement) {}

  clear(): void {
    this.log.replaceChildren();
    this.partial = this.segment = this.agentLine = undefined;
  }

  /** The caller, as the agent understood them; a partial guess gives way to the next. */
  heard(text: string, final: boolean): void {
    const line = this.partial ?? this.line("caller");
    this.write(line, text);
    line.classList.toggle("partial", !final);
    // A screen reader hears a line once, when it is certain.
    line.setAttribute("aria-busy", String(!final));
    this.partial = final ? undefined : line;
    this.agentLine = undefined;
  }

  /** The agent; a segment is told again as more of it is spoken. */
  said(text: string, segment: number | undefined): void {
    if (!text.trim()) return;
    if (segment !== undefined) {
      if (this.segment?.id !== segment) this.segment = { id: segment, line: this.line("agent") };
      this.write(this.segment.line, text);
      return;
    }
    if (this.agentLine) this.write(this.agentLine, `${this.spoken(this.agentLine)} ${text.trim()}`);
    else this.write((this.agentLine = this.line("agent")), text);
  }

  typed(text: string): void {
    this.write(this.line("caller"), text);
    this.agentLine = undefined;
  }

  /** The caller took the word: what the agent says next is another line. */
  interrupted(): void {
    this.agentLine = this.segment = undefined;
  }

  private line(who: Who): HTMLElement {
    const line = document.createElement("p");
    line.className = who;
    const name = document.createElement("b");
    name.textContent = `${NAMES[who]}: `;
    line.append(name, document.createElement("span"));
    this.add(line);
    return line;
  }

  private add(line: HTMLElement): void {
    this.log.querySelector(".empty")?.remove();
    this.log.append(line);
    this.log.scrollTop = this.log.scrollHeight;
  }

  private write(line: HTMLElement, text: string): void {
    line.lastElementChild!.textContent = text.trim();
    this.log.scrollTop = this.log.scrollHeight;
  }

  private spoken(line: HTMLElement): string {
    return line.lastElementChild?.textContent ?? "";
  }
}
