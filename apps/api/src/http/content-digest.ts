import { Refusal } from '#libs/platform';

/** The SHA-256 (hex) that a Content-Digest header (RFC 9530) announces. Throws Refusal MISSING_DIGEST. */
export function announcedSha256(header: string | undefined): string {
  const digest = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header ?? '')?.[1];
  if (!digest) throw new Refusal('MISSING_DIGEST', 'The part came without its SHA-256.', 'Send the header Content-Digest: sha-256=:BASE64: with each part.', 400);
  return Buffer.from(digest, 'base64').toString('hex');
}
