/** A line per step: rewritten while it goes on where a person watches, written once where it goes to a file. */
export class Progress {
  /** Seconds a step took; of a step done twice, both. */
  readonly seconds: Record<string, number> = {};
  private width = 0;
  private told = '';

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {}

  /** Runs a step; `say` tells how far it is. The last thing told stays, with the step's seconds. */
  async step<T>(name: string, work: (say: (note: string) => void) => Promise<T>): Promise<T> {
    const start = performance.now();
    this.told = '';
    this.show(name, '…', start);
    const tick = setInterval(() => this.show(name, this.told, start), 500);
    try {
      const result = await work((note) => (this.told = note));
      const seconds = Math.round((performance.now() - start) / 10) / 100;
      this.seconds[name] = (this.seconds[name] ?? 0) + seconds;
      this.end(`✓ ${name.padEnd(14)} ${this.told}  (${seconds.toFixed(1)} s)`);
      return result;
    } catch (error) {
      this.end(`✗ ${name.padEnd(14)} ${this.told}`);
      throw error;
    } finally {
      clearInterval(tick);
    }
  }

  /** A line of its own. */
  say(line: string): void {
    this.end(line);
  }

  private show(name: string, note: string, start: number): void {
    if (!this.out.isTTY) return;
    const line = `· ${name.padEnd(14)} ${note}  ${Math.round((performance.now() - start) / 1000)} s`.slice(0, this.out.columns - 1);
    this.out.write(`\r${line.padEnd(this.width)}`);
    this.width = line.length;
  }

  private end(line: string): void {
    this.out.write(`${this.out.isTTY && this.width ? `\r${' '.repeat(this.width)}\r` : ''}${line}\n`);
    this.width = 0;
  }
}

/** Asks until `done`; the wait between two questions is the console's own polling interval. */
export async function until<T>(question: () => Promise<T>, done: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await question();
    if (done(answer)) return answer;
    await new Promise((again) => setTimeout(again, 500));
  }
}
