import { canonicalSha256, type CompiledPolicy, compilePolicy } from '../policy/index.js';
import { remember } from '../remember.js';
import type { Licence } from './rows.js';
import type { Term } from './term.js';

/** What a policy inherits from. */
export interface Heritage {
  /** Ids of the licences. */
  parents: string[];
  policies: ReadonlyMap<string, CompiledPolicy>;
  terms: Term[];
}

/** Compiles policies; one text under the same parents is compiled once a process. */
export class Compiler {
  private readonly known = new Map<string, CompiledPolicy>();
  private readonly keys = new WeakMap<CompiledPolicy, string>();

  policy(policy: Record<string, unknown>, parents: ReadonlyMap<string, CompiledPolicy>, sha256 = canonicalSha256(policy)): CompiledPolicy {
    const key = [sha256, ...[...parents].map(([uid, parent]) => `${uid} ${this.keys.get(parent) ?? parent.sha256}`).sort()].join('\n');
    const found = this.known.get(key);
    if (found) return found;
    const compiled = compilePolicy(policy, { parents });
    this.keys.set(compiled, key);
    return remember(this.known, key, compiled);
  }

  /** A licence's deciding policy under those of its parents, all found in `all`; undefined when one of these does not decide. */
  licence(licence: Licence, all: ReadonlyMap<string, Licence>, below: readonly string[] = []): CompiledPolicy | undefined {
    // Two amendments signed at once could make two licences each other's parents.
    if (!licence.decides || below.includes(licence.id)) return undefined;
    const parents = new Map<string, CompiledPolicy>();
    for (const id of licence.parents) {
      const parent = all.get(id);
      const compiled = parent && this.licence(parent, all, [...below, licence.id]);
      if (!compiled) return undefined;
      parents.set(parent.uid, compiled);
    }
    return this.policy(licence.policy, parents, licence.sha256);
  }
}
