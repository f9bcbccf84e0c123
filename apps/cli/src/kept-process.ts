import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One life of a kept process. */
export interface Life {
  pid: number;
  /** Resolves at its end with the exit code, null when a signal ended it. */
  ended: Promise<number | null>;
  /** Asks it to end, and sees to it that it does. */
  stop: () => Promise<void>;
}

const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;
/** A life as long as this counts as healthy: the next restart is a quick one again. */
const HEALTHY = 10_000;
/** EX_CONFIG of sysexits.h: a wrong setting, which no restart mends. */
const WRONG_SETTING = 78;

/**
 * Keeps one process of the product alive: starts it, writes its pid where tests and operators look, and starts it again
 * when it dies, after 100 ms at first and at most 5 s when it keeps dying.
 */
export class KeptProcess {
  #life: Life | undefined;
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(
    readonly name: string,
    private readonly pidFile: string,
    private readonly begin: () => Promise<Life>,
    private readonly tell: (line: string) => void,
    /** Called when it ended over a wrong setting: the product cannot run. */
    private readonly giveUp: () => void,
  ) {}

  get pid(): number | undefined {
    return this.#life?.pid;
  }

  /** Starts the first life; rejects when that fails, since a product that never ran has nothing to keep. */
  async start(): Promise<void> {
    const life = await this.#begin();
    this.#loop = this.#keep(life);
  }

  /** Kills the present life, for instance because it no longer answers; the next one follows by itself. */
  kill(): void {
    if (this.#life) process.kill(this.#life.pid, 'SIGKILL');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#life?.stop();
    await this.#loop;
    rmSync(this.pidFile, { force: true });
  }

  async #begin(): Promise<Life> {
    const life = await this.begin();
    this.#life = life;
    writeFileSync(this.pidFile, `${life.pid}\n`);
    return life;
  }

  async #keep(first: Life): Promise<void> {
    let wait = FIRST_WAIT;
    for (let life: Life | undefined = first; ; ) {
      const began = Date.now();
      const code = life ? await life.ended : null;
      if (life) this.#life = undefined;
      if (this.#stopping) return;
      if (code === WRONG_SETTING) return this.giveUp();
      if (Date.now() - began > HEALTHY) wait = FIRST_WAIT;
      if (life) this.tell(`${this.name} ended (${code ?? 'killed'}); starting it again`);
      await sleep(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
      if (this.#stopping) return;
      life = await this.#begin().catch((error: Error) => {
        this.tell(`${this.name} did not start: ${error.message}`);
        return undefined;
      });
      // stop() found no life to end while this one was beginning.
      if (this.#stopping) await life?.stop();
    }
  }
}

/** Command line of a process, empty when there is none of that id. */
export function commandLine(pid: number): string {
  try {
    // Linux first: a slim container has no ps.
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return ''; // No process of that id.
  }
}

/** When a process began, in the system's own terms: with its id it names one process for good, as ids come round again. */
export function beginning(pid: number): string {
  try {
    // Field 22 of /proc/PID/stat; the name in field 2 may hold spaces, so count from its closing bracket.
    if (existsSync('/proc/self/stat')) return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]!;
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return ''; // No process of that id.
  }
}

/** The process id in a pid file, if the file is there and names one. */
export function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined; // Not written yet: nothing runs under that name.
  }
}
