import type { Model } from "../engines/openfga-model.ts";

/** What a model says of a type and of its relations. */
export type Definition = Model["type_definitions"][number];
export type Userset = NonNullable<Definition["relations"]>[string];
type RelationMetadata = NonNullable<NonNullable<Definition["metadata"]>["relations"]>[string];
/** Who, or what, a tuple of a relation may name. */
export type Target = NonNullable<RelationMetadata["directly_related_user_types"]>[number];

export function rewriteOf(model: Model, type: string, relation: string): Userset | undefined {
  return definitionOf(model, type)?.relations?.[relation];
}

export function targetsIn(model: Model, type: string, relation: string): readonly Target[] {
  return targetsOf(definitionOf(model, type), relation);
}

export function targetsOf(definition: Definition | undefined, relation: string): readonly Target[] {
  return definition?.metadata?.relations?.[relation]?.directly_related_user_types ?? [];
}

function definitionOf(model: Model, type: string): Definition | undefined {
  return model.type_definitions.find((definition) => definition.type === type);
}
