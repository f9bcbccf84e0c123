import { expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ProcessLog } from './process-log.js';

test('a log is set aside at its limit, three are kept, and the newest line is in the file without a number', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'backlot-log-'));
  try {
    const log = new ProcessLog(path.join(folder, 'api.log'), 100);
    for (let line = 0; line < 51; line++) log.write(`line ${String(line).padStart(4, '0')}`);
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.1', 'api.log.2', 'api.log.3']);
    expect(readFileSync(path.join(folder, 'api.log'), 'utf8')).toBe('line 0050\n');
    expect(readFileSync(path.join(folder, 'api.log.1'), 'utf8').split('\n')[0]).toBe('line 0040');
    // Logs may hold names of titles and members.
    expect(statSync(path.join(folder, 'api.log')).mode & 0o077).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
