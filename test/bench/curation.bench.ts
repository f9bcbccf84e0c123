import { preparePeers } from './curation/peers.js';
import { quality } from './curation/quality.js';
import { memory, speed } from './curation/speed.js';
import type { Bench } from './figure.js';

export default {
  name: 'curation',
  run: async () => {
    await preparePeers();
    return [...(await speed()), ...(await memory()), ...(await quality())];
  },
} satisfies Bench;
