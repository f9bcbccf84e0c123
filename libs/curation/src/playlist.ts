import type { ProxyFragment, ProxyLayout } from '#libs/media';

/** An HLS playlist (RFC 8216, version 7) of one fragmented mp4 at `address`, a byte range a fragment: seeking fetches only what is seen. */
export function playlist({ initBytes, fragments }: Pick<ProxyLayout, 'initBytes'> & { fragments: ProxyFragment[] }, address: string): string {
  const longest = fragments.reduce((most, fragment) => Math.max(most, fragment.durationSeconds), 0);
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.ceil(longest))}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${address}",BYTERANGE="${initBytes}@0"`,
    ...fragments.flatMap(({ offset, bytes, durationSeconds }) => [`#EXTINF:${durationSeconds.toFixed(6)},`, `#EXT-X-BYTERANGE:${bytes}@${offset}`, address]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
}
