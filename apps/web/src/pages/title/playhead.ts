import { useSyncExternalStore } from 'react';

/** The frame on the screen. Outside React's state: it changes up to 60 times a second, and only what shows it must follow. */
export class Playhead {
  #frame = 0;
  #listeners = new Set<() => void>();

  get frame(): number {
    return this.#frame;
  }

  set(frame: number): void {
    if (frame === this.#frame) return;
    this.#frame = frame;
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Something derived from the frame; renders only when that changes. */
export function useFrame<T>(playhead: Playhead, of: (frame: number) => T): T {
  return useSyncExternalStore(playhead.subscribe, () => of(playhead.frame));
}
