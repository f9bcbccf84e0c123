/** What one run of the loop did (`--report FILE`), for scripts. Frames count decoded frames of the master from 0 in presentation order. */
export interface Report {
  titles: ReportTitle[];
  dataset: { hash: string; clips: number; dropped: { title: string; first: number; last: number; code: string; message: string }[] };
  run: { id: string; state: string; steps: number; heldOutLossBase: number; heldOutLoss: number; heldOutKind: string; seconds: number };
  model: { id: string; name: string; adapterSha256: string };
  outputs: { id: string; prompt: string; frames: number; delivered: boolean; sha256: string; file?: string }[];
  attempts: Attempt[];
  /** The log of the studio that ran the loop; `logs` has every one, the platform's too. */
  log: LogSummary;
  logs: LogSummary[];
  seconds: Record<string, number>;
}

export interface ReportTitle {
  id: string;
  name: string;
  file: string;
  state: 'ready' | 'refused' | 'withheld';
  reason?: { code: string; message: string; wayOut: string };
  frames?: number;
  timeBase?: string;
  shots?: { first: number; last: number; startPts: number; entry: { kind: string; first?: number; last?: number }; caption: string }[];
}

export interface Attempt {
  what: string;
  through: 'graphql' | 'playback' | 'agent' | 'download' | 'upload';
  /** Status and text as the other studio got them, shortened. */
  answer: string;
  /** True when nothing was given and the answer is the one for a thing that never was. */
  refused: boolean;
}

export interface LogSummary {
  origin: string;
  verifierKey: string;
  size: number;
  root: string;
  /** Relative to the data folder. */
  directory: string;
}
