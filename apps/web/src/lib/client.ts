import { cacheExchange } from '@urql/exchange-graphcache';
import { Client, fetchExchange, mapExchange } from 'urql';

/** Parts of other things: they have no id of their own and live inside what they belong to. */
const parts = [
  'Agreement', 'Analysis', 'BoundaryAgreement', 'CaptionDisagreement', 'CaptionedBy', 'CaptionQuality', 'Clip', 'ClipConnection', 'DatasetCaptionFlag', 'DatasetCaptions', 'DatasetVersionConnection', 'DecisionConnection', 'Definition', 'DetectorQuality', 'Dispute', 'DisputeConnection', 'DoubleReview', 'Drop', 'DropConnection', 'DutyConnection',
  'Edit', 'DuplicateClusterConnection', 'ExclusionConnection', 'FilterBin', 'FilterExample', 'FilterExampleConnection', 'FilterHistogram', 'FilterMeasure', 'FilterPreset', 'FilterPreview', 'FilterRule', 'FilterRuleCount',
  'FilterSetConnection', 'FilterVersion', 'FilterVersionConnection', 'FilterWord', 'Flip', 'FlipConnection', 'FlipsOfJob', 'FlipsOfJobConnection', 'FlipsOfTitle', 'FlipsOfTitleConnection',
  'GenerationConnection', 'HoldConnection', 'ItemAgreement', 'Keyframe', 'LicenceChange', 'LicenceConnection', 'LicenceEventConnection', 'LicenceTemplate',
  'LicenceVersion', 'LicenceVersionConnection', 'Log', 'LogEntryConnection', 'ModelConnection', 'NotAppliedRule', 'Opinion', 'PageInfo', 'Prose', 'ProseSection', 'ProseSentence',
  'Reason', 'Refused', 'RunMetric', 'RunSample', 'ShotConnection', 'ShotDecision', 'ShotDuplicate', 'ShotDuplicateConnection', 'ShotEditConnection', 'ShotFact', 'ShotHit', 'ShotHitConnection', 'ShotReview', 'Signature', 'SimulationConnection', 'TemplateParameter', 'TitleConnection', 'TitleReview',
  'Track', 'TrackLane', 'TrainingRunConnection', 'TransitionMistake', 'TransitionMistakeConnection', 'TransitionQuality',
];

/**
 * A client for one sign-in: its cache must not outlive the member who filled it.
 * `onSignedOut` is called when the API no longer knows the session.
 */
export function createClient(onSignedOut: () => void): Client {
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetchOptions: { credentials: 'same-origin', headers: { 'apollo-require-preflight': 'true' } },
    exchanges: [
      mapExchange({
        onError(error) {
          if (error.graphQLErrors.some((one) => one.extensions['code'] === 'UNAUTHENTICATED')) onSignedOut();
        },
      }),
      cacheExchange({ keys: Object.fromEntries(parts.map((name) => [name, () => null])) }),
      fetchExchange,
    ],
  });
}
