/**
 * A resolver without its permission in sight is how a studio's rows reach another studio.
 * Every @Query, @Mutation and @Subscription method carries @Can('action', 'Subject') or @Public('reason') itself;
 * a @ResolveField may also take the @Can of its class, since a field belongs to the subject its class resolves.
 */
const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

const called = (decorator) =>
  decorator.expression.type === 'CallExpression' && decorator.expression.callee.type === 'Identifier'
    ? { name: decorator.expression.callee.name, args: decorator.expression.arguments }
    : { name: decorator.expression.name, args: [] };

const isText = (node) => node?.type === 'Literal' && typeof node.value === 'string' && node.value.trim() !== '';

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      unguarded:
        "{{decorator}} {{method}} has no permission in sight: put @Can('action', 'Subject') or @Public('reason') on the method.",
      vague: "@{{guard}} of {{method}} must say {{what}} as plain text, so that a reader sees the permission here.",
    },
  },
  create(context) {
    return {
      MethodDefinition(node) {
        const decorators = node.decorators.map(called);
        const resolver = decorators.find(({ name }) => ROOTS.has(name) || name === 'ResolveField');
        if (!resolver) return;
        const method = node.key.name ?? context.sourceCode.getText(node.key);
        const ofClass = resolver.name === 'ResolveField' ? node.parent.parent.decorators.map(called) : [];
        const guards = [
          ...decorators.filter(({ name }) => name === 'Can' || name === 'Public'),
          ...ofClass.filter(({ name }) => name === 'Can'),
        ];
        if (guards.length === 0) {
          context.report({ node: node.key, messageId: 'unguarded', data: { decorator: `@${resolver.name}`, method } });
        }
        for (const { name, args } of guards) {
          const told = name === 'Can' ? isText(args[0]) && isText(args[1]) : isText(args[0]);
          const what = name === 'Can' ? 'the action and the subject' : 'the reason';
          if (!told) context.report({ node: node.key, messageId: 'vague', data: { guard: name, method, what } });
        }
      },
    };
  },
};
