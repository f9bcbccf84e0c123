/**
 * catalogue: titles, their masters, and how bytes get in.
 *
 * - title: a film the studio holds rights to; its state says how far it is (registered … ready) or why it stopped (refused, withheld)
 * - master: the one media file of a title; sealed once it was checked
 * - upload: a master's bytes on their way, in parts; they lie in the landing folder until they are sealed
 * - range server: a sealed object as a one-time address on this machine, so that ffmpeg reads it without a clear copy
 */
export { Catalogue, type Master, type Title, type TitleInput, type TitleState, type Upload } from './catalogue.js';
export type { Probing } from './ingest.js';
export { byteRange, type RangeServer, type RangeSource, serveRanges } from './loopback.js';
