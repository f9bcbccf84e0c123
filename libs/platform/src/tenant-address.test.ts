import { expect, test } from '@jest/globals';
import { readConfig } from './config.js';
import { notInTenant } from './tenant-address.js';

test.each(['https://captions.studio.example/v1', 'http://localhost:8000/v1', 'http://127.0.0.1:8000', 'http://10.1.2.3/v1', 'http://172.31.0.1', 'http://192.168.1.1', 'http://[::1]:8000', 'http://[fd12:3456::1]/v1', 'http://2130706433/'])('%s may be sent keyframes', (address) => {
  expect(notInTenant(address)).toBeUndefined();
});

test.each(['http://captions.studio.example/v1', 'http://8.8.8.8', 'http://172.32.0.1', 'http://169.254.169.254/latest', 'http://[fe80::1]/', 'http://[2001:db8::1]/', 'http://[::ffff:8.8.8.8]/', 'http://0.0.0.0/', 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'ftp://10.0.0.1', 'file:///etc/passwd', 'javascript:alert(1)', 'captions', 'https://user:word@studio.example', 'https://studio.example/v1?key=1', 'https://studio.example/#a'])('%s may not', (address) => {
  expect(notInTenant(address)).toBeTruthy();
});

test('a wrong captioner stops the start with one line that names the setting, and tells no key', () => {
  const wrong = (env: Record<string, string>): string => {
    try {
      readConfig(env);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(wrong({ BACKLOT_CAPTION_URL: 'http://studio.example/v1', BACKLOT_CAPTION_MODEL: 'm' })).toMatch(/^BACKLOT_CAPTION_URL="http:\/\/studio\.example\/v1" is not usable: keyframes are sent there: [^\n]+$/);
  expect(wrong({ BACKLOT_CAPTION_URL: 'https://studio.example/v1' })).toMatch(/^BACKLOT_CAPTION_MODEL\S* is not usable: [^\n]+$/);
  expect(wrong({ BACKLOT_CAPTION_MODEL: 'm' })).toMatch(/^BACKLOT_CAPTION_URL\S* is not usable: [^\n]+$/);
  const key = wrong({ BACKLOT_CAPTION_URL: 'https://studio.example/v1', BACKLOT_CAPTION_MODEL: 'm', BACKLOT_CAPTION_KEY: 'secret\nkey' });
  expect(key).toMatch(/^BACKLOT_CAPTION_KEY is not usable: [^\n]+$/);
  expect(key).not.toContain('secret');
  expect(readConfig({ BACKLOT_CAPTION_URL: 'https://studio.example/v1', BACKLOT_CAPTION_MODEL: 'm', BACKLOT_CAPTION_KEY: 'k' })).toMatchObject({ BACKLOT_CAPTION_MODEL: 'm' });
  expect(wrong({})).toBe('');
});
