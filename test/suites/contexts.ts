import type { NodeObject } from 'jsonld';

const ODRL = 'http://www.w3.org/ns/odrl/2/';
const terms = (names: string, type: '@id' | '@vocab'): Record<string, object> => Object.fromEntries(names.split(' ').map((name) => [name, { '@id': ODRL + name, '@type': type }]));

/** The contexts that the suites name, as far as adapters read them: which properties hold IRIs and which hold words. */
export const bundledContexts: ReadonlyMap<string, NodeObject> = new Map<string, NodeObject>([
  [
    'https://www.w3.org/ns/odrl.jsonld',
    {
      '@context': {
        '@vocab': ODRL,
        odrl: ODRL,
        rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
        rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
        xsd: 'http://www.w3.org/2001/XMLSchema#',
        owl: 'http://www.w3.org/2002/07/owl#',
        skos: 'http://www.w3.org/2004/02/skos/core#',
        dct: 'http://purl.org/dc/terms/',
        dc: 'http://purl.org/dc/terms/',
        cc: 'http://creativecommons.org/ns#',
        schema: 'http://schema.org/',
        foaf: 'http://xmlns.com/foaf/0.1/',
        vcard: 'http://www.w3.org/2006/vcard/ns#',
        uid: '@id',
        type: '@type',
        ...terms('target assignee assigner output source partOf includedIn implies unit profile inheritFrom hasPolicy rightOperandReference relation function', '@id'),
        ...terms('permission prohibition obligation duty consequence remedy constraint refinement and or xone', '@id'),
        ...terms('compensatedParty compensatingParty attributedParty attributingParty informedParty informingParty consentedParty consentingParty trackedParty trackingParty', '@id'),
        ...terms('action leftOperand operator conflict', '@vocab'),
        andSequence: { '@id': `${ODRL}andSequence`, '@type': '@id', '@container': '@list' },
      },
    },
  ],
  [
    'https://raw.githubusercontent.com/w3c/odrl/refs/heads/master/formal-semantics/ontology/evaluation_request.json',
    {
      '@context': {
        sotw: 'https://w3id.org/force/sotw#',
        EvaluationRequest: 'sotw:EvaluationRequest',
        RequestParameter: 'sotw:RequestParameter',
        evaluatedAction: { '@id': 'sotw:evaluatedAction', '@type': '@id' },
        evaluatedParty: { '@id': 'sotw:evaluatedParty', '@type': '@id' },
        evaluatedTarget: { '@id': 'sotw:evaluatedTarget', '@type': '@id' },
        requestParameters: { '@id': 'sotw:requestParameter', '@type': '@id' },
        value: { '@id': 'sotw:value' },
        describesFeature: { '@id': 'sotw:describesFeature', '@type': '@id' },
      },
    },
  ],
  [
    'https://raw.githubusercontent.com/w3c/odrl/refs/heads/master/formal-semantics/ontology/stow.json',
    { '@context': { sotw: 'https://w3id.org/force/sotw#', SotW: 'sotw:SotW', context: { '@id': 'sotw:context', '@type': '@id' }, conditionId: { '@id': 'sotw:conditionId', '@type': '@id' } } },
  ],
]);
