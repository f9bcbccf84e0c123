import { newId } from '#libs/platform';
import { invalid, isObject, type Json } from './document.js';

export interface LicenceParties {
  /** The studio that may act, as its party id. */
  studio: string;
  /** The policy's uid; a new one when absent. */
  licence?: string;
  /** Who grants; the template's own when absent. */
  assigner?: string;
  /** What it is about; "#titles", the titles attached to the licence, when absent. */
  target?: string;
}

/**
 * A policy from a template of policies/samples: "{studio}", "{licence}", "{assigner}" and "{target}" stand where the ids go.
 * Refuses with INVALID_POLICY a template that needs a value which was not given.
 */
export function instantiateLicence(template: Json, { studio, licence = `urn:uuid:${newId()}`, assigner, target = '#titles' }: LicenceParties): Json {
  const values: Record<string, string | undefined> = { studio, licence, assigner, target };
  const fill = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') {
      return value.replace(/\{([a-z]+)\}/g, (placeholder, name: string) => {
        if (values[name] === undefined) throw invalid(path, `the template needs a value for ${placeholder}`);
        return values[name];
      });
    }
    if (Array.isArray(value)) return value.map((item, at) => fill(item, `${path}/${at}`));
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, `${path}/${key}`)])) : value;
  };
  return fill(assigner === undefined ? template : { ...template, assigner }, '') as Json;
}
