import { BlockList } from 'node:net';

const inside = new BlockList();
for (const [net, bits] of [['127.0.0.0', 8], ['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16]] as const) inside.addSubnet(net, bits, 'ipv4');
// Loopback and unique local addresses (RFC 4193). Link-local ones are left out: clouds serve credentials there.
for (const [net, bits] of [['::1', 128], ['fc00::', 7]] as const) inside.addSubnet(net, bits, 'ipv6');

/** Why an address may not be sent pictures to; undefined where it may: by https, or in the clear to an address of this machine or network. */
export function notInTenant(address: string): string | undefined {
  if (!URL.canParse(address)) return 'give an address such as https://captions.studio.example/v1';
  const { protocol, hostname, username, password, search, hash } = new URL(address);
  if (username || password || search || hash) return 'give it without a user, a query and a fragment; a key is a setting of its own';
  if (protocol === 'https:') return undefined;
  const host = hostname.replace(/^\[|\]$/g, '');
  const local = protocol === 'http:' && (host === 'localhost' || inside.check(host, 'ipv4') || (host.includes(':') && inside.check(host, 'ipv6')));
  return local ? undefined : 'keyframes are sent there: use https, or http to localhost or a private address in numbers (10.…, 172.16.…, 192.168.…, fd…)';
}
