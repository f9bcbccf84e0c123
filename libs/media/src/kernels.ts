import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// TypeScript has these types for browsers only, with all else of a browser.
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: unknown } };

interface Address {
  readonly value: number;
}

/** What libs/media/kernels exports. Addresses are bytes in `memory`; its own comments tell what each function does. */
export interface Kernels {
  readonly memory: { buffer: ArrayBuffer };
  readonly BLOCKS: Address;
  readonly FRAMES: Address;
  readonly GRIDS: Address;
  readonly GRID_BYTES: Address;
  readonly FACTS: Address;
  readonly SLOTS: Address;
  readonly RESULT: Address;
  reduce(frame: number, first: boolean): void;
  cellDistance(a: number, b: number): number;
  fit(from: number, n: number, minDistance: number, maxError: number, maxStep: number, only: number): number;
  unlike(a: number, b: number, enough: number): number;
  light(now: number, left: number, top: number, w: number, h: number): void;
  noise(now: number, left: number, top: number, right: number, bottom: number): number;
  changes(now: number, left: number, top: number, right: number, bottom: number): number;
}

let compiled: object | undefined;

/** Kernels with a memory of their own (13 MB of addresses; what is not written takes none). Throws where the build has not made them. */
export function kernels(): Kernels {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('#kernels')));
  return new WebAssembly.Instance(compiled).exports as Kernels;
}
