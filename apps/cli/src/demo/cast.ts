import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { repositoryRoot } from '#libs/platform';
import type { NewMember } from '../studios.js';

export interface CastStudio {
  name: string;
  slug: string;
  members: NewMember[];
}

/** A file to onboard and the licence template it comes under. */
export interface Film {
  name: string;
  fileName: string;
  path: string;
  licence: string;
  year?: number;
  attribution?: string;
  /** Which of the two studios onboards it. */
  studio: 0 | 1;
}

/** Two studios, six members; `turn` keeps a second demo on the same data apart from the first. */
export function cast(turn: number): [CastStudio, CastStudio] {
  const studio = (name: string, people: [string, string, string]): CastStudio => {
    const slug = turn === 1 ? name.toLowerCase() : `${name.toLowerCase()}-${turn}`;
    const roles = ['archivist', 'compliance', 'editor'] as const;
    return { name: turn === 1 ? name : `${name} ${turn}`, slug, members: people.map((person, i) => ({ name: person, role: roles[i]!, email: `${person.split(' ')[0]!.toLowerCase()}@${slug}.example` })) };
  };
  return [studio('Northlight', ['Ines Okafor', 'Marta Lindqvist', 'Jonas Weber']), studio('Harbour', ['Tomo Sato', 'Ruth Adeyemi', 'Carla Moreno'])];
}

/** The four licences of the sample archive and of one's own footage, by the name of their file in policies/templates. */
export const licenceNames: Record<string, { name: string; licensor: string }> = {
  'fine-tune': { name: 'Archive licence with private fine-tuning', licensor: 'Blender Foundation' },
  'curation-only': { name: 'Curation only', licensor: 'Blender Foundation' },
  'no-training': { name: 'Streaming window, no training', licensor: 'Blender Foundation' },
  ended: { name: 'Archive licence 2020 to 2024', licensor: 'Blender Foundation' },
  footage: { name: 'Own footage', licensor: 'the studio itself' },
};

/** The sample archive as its manifest lists it. */
export async function sampleFilms(): Promise<Film[]> {
  return manifestFilms(join(repositoryRoot, 'samples'), 'fine-tune');
}

/** Films of a folder: by its manifest.json when it has one, else every file in it and below. */
export async function footageFilms(folder: string): Promise<Film[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  if (names.some((entry) => entry.name === 'manifest.json' && entry.parentPath === folder)) return manifestFilms(folder, 'footage');
  return names
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => ({ name: entry.name.replace(/\.[^.]+$/, ''), fileName: entry.name, path: join(entry.parentPath, entry.name), licence: 'footage', studio: 0 as const }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function manifestFilms(folder: string, licence: string): Promise<Film[]> {
  const listed = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as { titles: (Partial<Film> & { file: string })[] };
  return listed.titles.map(({ file, ...about }) => ({ name: basename(file), licence, studio: 0 as const, ...about, fileName: basename(file), path: join(folder, file) }));
}

/** Size of a film's file, or undefined where the manifest names a file that is not there. */
export async function bytesOf(film: Film): Promise<number | undefined> {
  return stat(film.path).then(
    (found) => (found.isFile() ? found.size : undefined),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
}
