/** The labels that a member may write, and what each can be; null: words of one's own. In review the nth opens with the key n. */
export const labels: [name: string, values: string[] | null][] = [
  ['people', ['1', '2', 'several']],
  ['faces', ['1', '2', 'several']],
  ['place', ['indoors', 'outdoors']],
  ['shotSize', ['extreme close-up', 'close-up', 'medium close-up', 'medium shot', 'medium long shot', 'long shot']],
  ['scene', null],
  ['objects', null],
];
