const CACHE_ENTRIES = 2_000;

/** Adds to a Map that forgets its oldest entry past `limit`. */
export function remember<V>(cache: Map<string, V>, key: string, value: V, limit = CACHE_ENTRIES): V {
  if (cache.size >= limit) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
  return value;
}
