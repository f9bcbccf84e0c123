import { describe, it } from '@jest/globals';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
// eslint-disable-next-line @typescript-eslint/ban-ts-comment
// @ts-ignore: eslint loads the rule as plain JavaScript.
import rule from './guarded-resolver.mjs';

RuleTester.describe = describe;
RuleTester.it = it;
const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

const resolver = (body: string, onClass = '') => `${onClass} @Resolver('Title') class TitleResolver { ${body} }`;

tester.run('an unguarded resolver fails the lint', rule as never, {
  valid: [
    resolver(`@Query() @Can('read', 'Title') title() {}`),
    resolver(`@Mutation('signIn') @Public('signing in comes before any permission') signIn() {}`),
    resolver(`@ResolveField() shots() {}`, `@Can('read', 'Title')`),
    resolver(`@ResolveField() @Can('read', 'Shot') shots() {}`),
    resolver(`helper() {}`),
  ],
  invalid: [
    { code: resolver(`@Query() title() {}`), errors: [{ messageId: 'unguarded' }] },
    { code: resolver(`@Mutation() seal() {}`), errors: [{ messageId: 'unguarded' }] },
    { code: resolver(`@Subscription() progress() {}`), errors: [{ messageId: 'unguarded' }] },
    { code: resolver(`@ResolveField() shots() {}`), errors: [{ messageId: 'unguarded' }] },
    // A class-wide permission does not cover a query: its own line must show what it asks for.
    { code: resolver(`@Query() title() {}`, `@Can('read', 'Title')`), errors: [{ messageId: 'unguarded' }] },
    // Neither does a class-wide @Public open its fields.
    { code: resolver(`@ResolveField() shots() {}`, `@Public('anyone')`), errors: [{ messageId: 'unguarded' }] },
    { code: resolver(`@Query() @Can() title() {}`), errors: [{ messageId: 'vague' }] },
    { code: resolver(`@Query() @Can('read') title() {}`), errors: [{ messageId: 'vague' }] },
    { code: resolver(`@Query() @Public('') title() {}`), errors: [{ messageId: 'vague' }] },
  ],
});
