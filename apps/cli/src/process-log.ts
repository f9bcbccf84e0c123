import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

const LIMIT = 10 * 1024 * 1024;
const KEPT = 3;

/** Log file of one process: appended line by line, set aside as NAME.log.1 … .3 at 10 MiB, so 40 MiB a process at most. */
export class ProcessLog {
  #fd: number;
  #size: number;

  constructor(
    private readonly file: string,
    private readonly limit = LIMIT,
  ) {
    mkdirSync(path.dirname(file), { recursive: true });
    this.#fd = openSync(file, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
  }

  write(line: string): void {
    this.#size += writeSync(this.#fd, `${line}\n`);
    if (this.#size < this.limit) return;
    closeSync(this.#fd);
    for (let age = KEPT; age >= 1; age--) {
      const from = age === 1 ? this.file : `${this.file}.${age - 1}`;
      if (existsSync(from)) renameSync(from, `${this.file}.${age}`);
    }
    this.#fd = openSync(this.file, 'a', 0o600);
    this.#size = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
