/** `npm run bench [NAME …] [-- --json]`: runs the benches beside this file; with --json one line a figure. */
import { readdirSync } from 'node:fs';
import type { Bench, Figure } from './figure.js';

const asked = process.argv.slice(2);
const json = asked.includes('--json');
const names = asked.filter((word) => !word.startsWith('--'));

const benches: Bench[] = [];
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.bench.js')).sort()) {
  benches.push(((await import(`./${file}`)) as { default: Bench }).default);
}
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')} (there are ${benches.map(({ name }) => name).join(', ')})`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const bench of benches.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (!json) console.error(`${bench.name} …`);
  for (const figure of await bench.run()) {
    figures.push(figure);
    const { name, value, unit, against, ratio } = figure;
    if (json) console.log(JSON.stringify({ name, value, unit, against, ratio }));
  }
}
if (!json) {
  const short = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const rows = [['figure', 'value', 'peer', 'ratio', 'unit', 'held against']].concat(
    figures.map(({ name, value, unit, against, ratio, peer }) => [name, short(value), short(against), ratio.toFixed(2), unit, peer]),
  );
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd());
}
