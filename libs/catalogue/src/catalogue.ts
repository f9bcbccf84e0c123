import type { Page, Paged, Reason, Scope } from '#libs/platform';
import type { Readable } from 'node:stream';
import type { Probe } from '#libs/media';

export type TitleState = 'registered' | 'uploading' | 'checking' | 'analysing' | 'ready' | 'refused' | 'withheld';

export interface Title {
  id: string;
  name: string;
  year: number | null;
  eidr: string | null;
  attribution: string | null;
  state: TitleState;
  reason: Reason | null;
  posterObjectId: string | null;
  createdAt: Date;
}

export interface TitleInput {
  name: string;
  year?: number | null;
  eidr?: string | null;
  attribution?: string | null;
  licenceIds: string[];
}

export interface Master {
  id: string;
  titleId: string;
  fileName: string;
  bytes: number;
  sha256: string | null;
  state: 'uploading' | 'landed' | 'sealed' | 'refused';
  reason: Reason | null;
  probe: Probe | null;
  objectId: string | null;
}

export interface Upload {
  id: string;
  titleId: string;
  masterId: string;
  /** Size of every part but the last. */
  partBytes: number;
  parts: number;
  /** Numbers of the parts that arrived, ascending. */
  received: number[];
}

/** Shape for those who write against it; the implementation replaces this file. */
export declare class Catalogue {
  /** Throws Refusal BAD_TITLE, NOT_FOUND (a licence). A licence that refuses `ingest` gives a title in state `withheld`. */
  createTitle(scope: Scope, input: TitleInput): Promise<Title>;
  /** Throws Refusal NOT_FOUND. */
  title(scope: Scope, id: string): Promise<Title>;
  titlesById(scope: Scope, ids: string[]): Promise<Title[]>;
  titles(scope: Scope, page: Page, filter?: { state?: TitleState | null; search?: string | null }): Promise<Paged<Title>>;
  countTitles(scope: Scope, filter?: { state?: TitleState | null; search?: string | null }): Promise<number>;
  /** The newest master of each title, by title id. Its jobs: platform `jobsOf(masterIds)` inside inStudio. */
  mastersOf(scope: Scope, titleIds: string[]): Promise<Map<string, Master>>;
  /** Starts a failed or cancelled step of a title again, or asks its licences anew. */
  retry(scope: Scope, titleId: string): Promise<Title>;

  /** An open upload of the same title, file name and size is gone on with (`received`). Throws Refusal NOT_FOUND, LICENCE_REFUSED, TITLE_HAS_MASTER, EMPTY_FILE, TOO_LARGE, DISK_FULL. */
  createUpload(scope: Scope, input: { titleId: string; fileName: string; bytes: number }): Promise<Upload>;
  /** Throws Refusal NOT_FOUND. */
  upload(scope: Scope, id: string): Promise<Upload>;
  /** Takes a part's bytes; `sha256` hex. Sending the same part again is fine. Throws Refusal NOT_FOUND, BAD_PART, WRONG_DIGEST, UPLOAD_CLOSED, DISK_FULL. */
  putPart(scope: Scope, uploadId: string, number: number, bytes: Readable, sha256: string): Promise<void>;
  /** All parts are there: the title is checked (job `ingest`). `sha256` (hex) of the whole file is compared there. Throws Refusal PARTS_MISSING. */
  completeUpload(scope: Scope, uploadId: string, sha256?: string): Promise<Title>;
  abortUpload(scope: Scope, uploadId: string): Promise<void>;
}
