import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { config, type Reason, repositoryRoot } from '#libs/platform';

/** A line that the trainer writes: `type` says which. */
export type Line = { type: string } & Record<string, unknown>;

export interface Ended {
  /** null: ended by a signal. */
  code: number | null;
  /** The last `error` line, if there was one. */
  error: Reason | undefined;
  /** What it last wrote to stderr. */
  said: string;
}

const KILL_AFTER_MS = 10_000;
/** Settings of the machine's operator that torch and CUDA read; nothing else of the agent's environment is handed on. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'LANG', 'TZ', 'CUDA_VISIBLE_DEVICES', 'NVIDIA_VISIBLE_DEVICES', 'OMP_NUM_THREADS'];

/**
 * One process of the Python trainer in a tenant's folder. It speaks JSON lines on stdin and stdout; its end of stdin closes when this
 * process dies, however that happens, and then it ends as well.
 */
export class Trainer {
  private readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  private error: Reason | undefined;
  private said: string[] = [];

  constructor(command: 'train' | 'generate', folder: string, onLine: (line: Line) => void) {
    const python = config().BACKLOT_PYTHON;
    this.child = spawn(python.includes('/') ? resolve(repositoryRoot, python) : python, ['-m', 'backlot_trainer', command], {
      cwd: folder,
      env: {
        ...Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
        HOME: folder,
        PYTHONPATH: [join(repositoryRoot, 'apps/trainer')].join(delimiter),
        PYTHONUNBUFFERED: '1',
        PYTHONDONTWRITEBYTECODE: '1',
        // With OpenMP's default spinning a step takes 0.7-1.0 s beside one busy process, with this 0.018 s.
        OMP_WAIT_POLICY: 'PASSIVE',
        HF_HUB_OFFLINE: '1',
        TRANSFORMERS_OFFLINE: '1',
        TOKENIZERS_PARALLELISM: 'false',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A child that is gone closes its end of the pipe; its exit tells that, the write need not.
    this.child.stdin!.on('error', () => undefined);
    createInterface(this.child.stderr!).on('line', (line) => {
      this.said = [...this.said.slice(-19), line];
      process.stdout.write(`trainer ${command}: ${line}\n`);
    });
    const read = new Promise<void>((done) => {
      createInterface(this.child.stdout!)
        .on('line', (text) => {
          const line = parse(text);
          if (!line) {
            process.stdout.write(`trainer ${command}: ${text}\n`);
            return;
          }
          // One that names a request is that request's affair.
          if (line.type === 'error' && line.id === undefined) this.error = toReason(line);
          onLine(line);
        })
        .on('close', done);
    });
    this.ended = new Promise<Ended>((done) => {
      this.child.once('error', (error) => done({ code: null, error: { code: 'TRAINER_MISSING', message: `The trainer does not start: ${error.message}.`, wayOut: 'Run npm run setup, or set BACKLOT_PYTHON.' }, said: '' }));
      this.child.once('close', (code) => void read.then(() => done({ code, error: this.error, said: this.said.join('\n') })));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** One JSON line to its stdin. */
  send(message: unknown): void {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends it as a dead parent would, and by force if it does not listen. */
  async stop(): Promise<void> {
    this.child.stdin!.end();
    const force = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(force);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

function parse(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const line = JSON.parse(text) as Partial<Line>;
    return typeof line.type === 'string' ? (line as Line) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The reason in an `error` line, made whole where a part is missing. */
export function toReason(line: Line): Reason {
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' && value ? value : otherwise);
  return { code: text(line.code, 'TRAINER_FAILED'), message: text(line.message, 'The trainer failed.'), wayOut: text(line.wayOut, "Look at the agent's log at this time.") };
}

/** What a person is told of a process that ended without saying why. */
export function crashReason({ code, error, said }: Ended): Reason {
  return error ?? { code: 'TRAINER_CRASHED', message: `The trainer ended ${code === null ? 'by a signal' : `with ${code}`}${said ? `: ${said.split('\n').at(-1)!.slice(0, 300)}` : ''}.`, wayOut: 'Often memory: free some, or choose a smaller batch. Then start again.' };
}
