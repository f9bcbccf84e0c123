/** What a suite says of a case and what Backlot says, aspect by aspect ("outcome", "rule X", "constraint Y"). Equal: passed. */
export interface Case {
  name: string;
  expected: Readonly<Record<string, string>>;
  got: Readonly<Record<string, string>>;
}

export interface Suite {
  name: string;
  /** Where its data lies; null: not there, so the suite is skipped. */
  folder: string | null;
  cases: Case[];
}

/** "outcome: expected permit, got refuse", one an aspect that differs. Empty: passed. */
export function differences({ expected, got }: Case): string[] {
  return Object.keys({ ...expected, ...got })
    .filter((aspect) => expected[aspect] !== got[aspect])
    .map((aspect) => `${aspect}: expected ${expected[aspect] ?? 'nothing'}, got ${got[aspect] ?? 'nothing'}`);
}

/** A report compares hundreds of constraints; the first few say what is wrong. */
const AT_MOST = 5;

/** "NAME passed/total" and each failure below it. */
export function report({ name, folder, cases }: Suite): string[] {
  if (folder === null) return [`${name} skipped: its data is not there`];
  const failed = cases.flatMap((one) => {
    const all = differences(one);
    return [...all.slice(0, AT_MOST), ...(all.length > AT_MOST ? [`and ${all.length - AT_MOST} more`] : [])].map((difference) => `  ${one.name}: ${difference}`);
  });
  return [`${name} ${cases.filter((one) => differences(one).length === 0).length}/${cases.length}`, ...failed];
}

/** A case that cannot be read or asked is a failed one, whatever it expects. */
export async function attempt(name: string, read: () => Promise<Omit<Case, 'name'>>): Promise<Case> {
  try {
    return { name, ...(await read()) };
  } catch (error) {
    return { name, expected: { case: 'is read' }, got: { case: error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error) ? String(error.message) : String(error) } };
  }
}
