import { getNamedType, getNullableType, type GraphQLArgument, type GraphQLInputField, type GraphQLInputType, type GraphQLResolveInfo, isInputObjectType, isListType } from 'graphql';

/** Every value that was given where the schema says ID: in arguments, lists and inputs alike. */
export function idsGiven(info: GraphQLResolveInfo, args: Record<string, unknown>): unknown[] {
  const field = info.parentType.getFields()[info.fieldName];
  return field ? within(field.args, args) : [];
}

function within(fields: readonly (GraphQLArgument | GraphQLInputField)[], values: Record<string, unknown>): unknown[] {
  return fields.flatMap((field) => idsIn(field.type, values[field.name]));
}

function idsIn(given: GraphQLInputType, value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  const type = getNullableType(given);
  if (isListType(type)) return (Array.isArray(value) ? value : [value]).flatMap((item) => idsIn(type.ofType, item));
  if (isInputObjectType(type)) return within(Object.values(type.getFields()), value as Record<string, unknown>);
  return getNamedType(type).name === 'ID' ? [value] : [];
}
