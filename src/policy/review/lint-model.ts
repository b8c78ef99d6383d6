import path from "node:path";
import { buildModel, type Model, ModelError, type ModelModule, readModules } from "../../engines/openfga-model.ts";
import { ROLES } from "../../entities/kinds.ts";
import { placeOf } from "../host-model.ts";
import { type Finding, ofFault } from "./finding.ts";

export interface CoreModel {
  readonly modules: readonly ModelModule[];
  /** null: it is none. */
  readonly model: Model | null;
  readonly findings: readonly Finding[];
}

/** The built-in model, and what is wrong with it: the roles in it are those that were given, and no others. */
export async function readCoreModel(policiesDir: string): Promise<CoreModel> {
  const directory = path.join(policiesDir, "openfga");
  const modules = await readModules([directory]);
  const findingAt = (name: string | null, line: number | null, said: Pick<Finding, "problem" | "fix">): Finding => {
    const text = modules.find((module) => module.name === name)?.contents ?? "";
    return ofFault(path.join(directory, name ?? "core.fga"), text, { line, problem: said.problem }, said.fix);
  };
  try {
    const model = buildModel(modules);
    const findings = ROLES.flatMap((role) => {
      const problem = roleProblem(model, role);
      const { file, line } = placeOf(modules, "organization", role);
      const fix = `Write define ${role}: [account]; which role includes which is cerbos/roles.yaml's to say`;
      return problem === null ? [] : [findingAt(file, line, { problem, fix })];
    });
    return { modules, model, findings };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const fix = "Mend the module";
    return {
      modules,
      model: null,
      findings: error.problems.map((each) => findingAt(each.file, each.line, { ...each, fix })),
    };
  }
}

function roleProblem({ type_definitions: definitions }: Model, role: string): string | null {
  const { relations, metadata } = definitions.find(({ type }) => type === "organization") ?? {};
  const rewrite = relations?.[role];
  if (rewrite === undefined)
    return `the model has no relation ${role} of an organization, which nobody could then have`;
  if (Object.keys(rewrite).join() !== "this")
    return `${role} of an organization is derived: it is a role that nobody was given`;
  const targets = metadata?.relations?.[role]?.directly_related_user_types ?? [];
  const isPlain = targets.length === 1 && JSON.stringify(targets[0]) === JSON.stringify({ type: "account" });
  return isPlain ? null : `${role} of an organization is given to more than single accounts`;
}
