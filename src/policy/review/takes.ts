import type { ValidateFunction } from "ajv/dist/2020.js";
import { newAjv } from "../host-schema.ts";

/** Does a schema take this value? */
export type Takes = (value: unknown) => boolean;

/** Of each place in a schema, what takes a value there. A schema that is none takes all: others say what is wrong with it. */
export function takersOf(schema: unknown): (pointer: string) => Takes {
  const ajv = newAjv();
  const compile = (pointer: string): ValidateFunction | null => {
    try {
      if (ajv.getSchema("facts") === undefined) ajv.addSchema(Object(schema) as object, "facts"); // an object by now
      return ajv.compile({ $ref: `facts${pointer}` });
    } catch {
      return null;
    }
  };
  return (pointer) => {
    let validate: ValidateFunction | null | undefined;
    return (value) => {
      validate = validate === undefined ? compile(pointer) : validate;
      return validate === null || validate(value);
    };
  };
}
