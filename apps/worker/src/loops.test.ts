import { expect, jest, test } from '@jest/globals';
import { loop } from './loops.js';

test('work is done again after the pause, at once while more waits, and not after stop', async () => {
  let done = 0;
  const one = loop('test', 5, async () => ++done < 50, () => undefined);
  while (done < 52) await new Promise((later) => setTimeout(later, 1));
  await one.stop();
  const end = done;
  await new Promise((later) => setTimeout(later, 20));
  expect(done).toBe(end);
});

test('a failure is told once and tried again; only a minute of it gives up', async () => {
  const told = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  jest.useFakeTimers();
  try {
    let failing = true;
    let tries = 0;
    const gaveUp = jest.fn();
    const work = async (): Promise<boolean> => {
      tries++;
      if (failing) throw new Error('database is restarting');
      return false;
    };
    loop('test', 100, work, gaveUp);
    await jest.advanceTimersByTimeAsync(20_000);
    expect([gaveUp.mock.calls.length, told.mock.calls.length, tries > 4]).toEqual([0, 1, true]);
    failing = false;
    await jest.advanceTimersByTimeAsync(20_000);
    failing = true;
    await jest.advanceTimersByTimeAsync(55_000);
    expect(gaveUp).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(gaveUp).toHaveBeenCalledTimes(1);
  } finally {
    jest.useRealTimers();
    told.mockRestore();
  }
});
