import { settingNames } from '#libs/platform';
import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

interface Container {
  name: string;
  image: string;
  command: string[];
  securityContext: { allowPrivilegeEscalation: boolean; readOnlyRootFilesystem: boolean; capabilities: { drop: string[] } };
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  env?: { name: string }[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  spec: {
    podSelector?: object;
    policyTypes?: string[];
    ingress?: unknown[];
    egress?: { to?: unknown[]; ports?: { port: number }[] }[];
    template?: { spec: { containers: Container[]; automountServiceAccountToken: boolean; securityContext: object } };
  };
  file: string;
}
interface Kustomization {
  namespace?: string;
  resources: string[];
  images?: { name: string; digest: string }[];
}

const read = (file: string) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return { ...(document.toJS() as Manifest), file: path.relative(import.meta.dirname, file) };
  });

/** What `kubectl kustomize` would gather from a folder. */
function gathered(folder: string): Manifest[] {
  return kustomization(folder).resources.flatMap((name) => {
    const target = path.join(folder, name);
    return existsSync(path.join(target, 'kustomization.yaml')) ? gathered(target) : read(target);
  });
}

const kustomization = (folder: string) => read(path.join(folder, 'kustomization.yaml'))[0] as unknown as Kustomization;
const folder = (name: string) => path.join(import.meta.dirname, name);
const sets = ['base', 'gpu-tenant'];
const all = sets.flatMap((name) => gathered(folder(name)));
const pods = all.flatMap(({ file, spec }) => (spec?.template ? [{ file, pod: spec.template.spec }] : []));

test.each(all.map((manifest, place) => [`${manifest.file} ${manifest.kind}/${manifest.metadata.name}`, place] as const))(
  '%s is valid against the schema of its kind',
  async (_name, place) => {
    const { file: _file, ...manifest } = all[place]!;
    const { apiVersion, kind } = manifest;
    const module = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Record<string, new (data: object) => { validate(): void }>;
    const model = new module[kind]!(manifest);
    expect(() => model.validate()).not.toThrow();
  },
);

test('every pod runs under the restricted profile, without a token of the cluster', () => {
  expect(pods.map(({ file }) => file).sort()).toEqual(['agent/agent.yaml', 'base/api.yaml', 'base/migrate.yaml', 'base/worker.yaml']);
  for (const { pod } of pods) {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext, resources } of pod.containers) {
      expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      expect(resources.limits.memory).toBeDefined();
    }
  }
});

test.each(sets)('%s: its namespace enforces the restricted profile and denies what no policy allows', (set) => {
  const manifests = gathered(folder(set));
  const { namespace } = kustomization(folder(set));
  const made = manifests.find(({ kind }) => kind === 'Namespace');
  expect(made?.metadata.name).toBe(namespace);
  expect(made?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  const deny = manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'default-deny');
  expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
});

test('a GPU tenant is reached by nobody and reaches the API and the name server only', () => {
  const policies = gathered(folder('gpu-tenant')).filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies.flatMap(({ spec }) => spec.ingress ?? [])).toEqual([]);
  const ways = policies.flatMap(({ spec }) => spec.egress ?? []);
  expect(ways.map(({ ports }) => ports?.map(({ port }) => port))).toEqual([[4000], [53, 53]]);
  expect(ways.every(({ to }) => to !== undefined && to.length > 0)).toBe(true);
});

test.each(sets)('%s: every image is pinned by digest', (set) => {
  const pinned = kustomization(folder(set)).images ?? [];
  expect(pinned.every(({ digest }) => /^sha256:[0-9a-f]{64}$/.test(digest))).toBe(true);
  const used = gathered(folder(set)).flatMap(({ spec }) => spec?.template?.spec.containers.map(({ image }) => image) ?? []);
  expect(used.filter((image) => !pinned.some(({ name }) => name === image))).toEqual([]);
});

test('a container is given settings that exist, and starts a process of the product', () => {
  const given = [
    ...all.flatMap(({ kind, data }) => (kind === 'ConfigMap' ? Object.keys(data ?? {}) : [])),
    ...pods.flatMap(({ pod }) => pod.containers.flatMap(({ env }) => env?.map(({ name }) => name) ?? [])),
  ];
  expect(given.filter((name) => !settingNames.includes(name))).toEqual([]);
  for (const { pod } of pods) {
    const source = pod.containers[0]!.command[1]!.replace(/^dist\//, '').replace(/\.js$/, '.ts');
    expect(existsSync(path.join(import.meta.dirname, '..', source)) ? source : `${source} does not exist`).toBe(source);
  }
});
