/**
 * policy: the rights language, pure.
 *
 * - policy: an ODRL 2.2 document of the profile in policies/profile; compiled once a version
 * - clause: one rule for one action and one target
 * - governs: a policy governs a target when it names it or something it lies in
 * - unknown: a fact that was not given; it fails a permission and triggers a prohibition
 */
export { readAsk, type Ask } from './ask.js';
export { compilePolicy, summarise, type CompiledPolicy, type CompileOptions } from './compile.js';
export { canonicalSha256 } from './document.js';
export { readPolicy } from './read.js';
export { diffPolicies, type Change, type DiffOptions, type Effect } from './diff.js';
export { evaluate } from './evaluate.js';
export { Meet, type MeetDecision, type MeetInput, type MeetRequest } from './meet.js';
export { every } from './names.js';
export { permittedRanges, type ExcludedRange, type Mark, type Range } from './ranges.js';
export { proseMarkdown, proseText, renderPolicy, type Prose, type RenderOptions } from './render.js';
export { flips, Replay, type FlipGroup, type Recorded, type WhatIf } from './simulate.js';
export { exampleValues, fillTemplate, lineOf, readTemplate, type Contract, type Parameter, type ParameterValue, type Template } from './template.js';
export type * from './types.js';
export { vocabulary, type OperandType, type Vocabulary, type Words } from './vocabulary.js';
