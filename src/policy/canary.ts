import { stringify } from "yaml";
import { CANARY } from "../entities/canary.ts";

/** Of the folder that Cerbos serves. */
export const CANARY_FILE = `${CANARY.kind}.yaml`;

/** The policy that tells the unit. It guards nothing: whoever asks it reaches Cerbos anyway. */
export function canaryPolicy(unit: string): string {
  return stringify({
    apiVersion: "api.cerbos.dev/v1",
    resourcePolicy: {
      resource: CANARY.kind,
      version: CANARY.version,
      rules: [
        {
          name: "unit",
          actions: [CANARY.action],
          effect: "EFFECT_ALLOW",
          roles: ["*"],
          output: { when: { ruleActivated: JSON.stringify(unit) } },
        },
      ],
    },
  });
}
