import { CredentialsMethod, FgaError, OpenFgaClient } from "@openfga/sdk";
import { z } from "zod";
import type { Tuple } from "../entities/tuples.ts";
import type { Model } from "./openfga-model.ts";

/** A question that OpenFGA takes for none, or a tuple that the model does not know; the message says why. */
export class TrialError extends Error {
  override readonly name = "TrialError";
}

/** A store of its own with a model, to see what the model says. Every call throws TrialError for what does not fit the model. */
export interface Trial {
  write(tuple: Tuple): Promise<void>;
  check(tuple: Tuple): Promise<boolean>;
  /** Sorted. */
  listObjects(question: { readonly user: string; readonly relation: string; readonly type: string }): Promise<string[]>;
  /** Sorted; `user:*` for everybody of a type. */
  listUsers(question: ListUsers): Promise<string[]>;
}

export interface ListUsers {
  readonly object: string;
  readonly relation: string;
  readonly filter: { readonly type: string; readonly relation?: string | undefined };
}

/** Makes the store. Throws TrialError where the server refuses the model. */
export async function openTrial(
  server: { readonly apiUrl: string; readonly presharedKey: string },
  model: Model,
): Promise<Trial> {
  const client = new OpenFgaClient({
    apiUrl: server.apiUrl,
    credentials: { method: CredentialsMethod.ApiToken, config: { token: server.presharedKey } },
    retryParams: { maxRetry: 0 },
  });
  const { id: storeId } = await client.createStore({ name: "trial" });
  const written = await understood(client.writeAuthorizationModel(model, { storeId }));
  const options = { storeId, authorizationModelId: written.authorization_model_id };
  return {
    write: async (tuple) => {
      await understood(client.write({ writes: [tuple] }, options));
    },
    check: async (tuple) => (await understood(client.check(tuple, options))).allowed === true,
    listObjects: async (question) => (await understood(client.listObjects(question, options))).objects.sort(),
    listUsers: async ({ object, relation, filter: { type, relation: of } }) => {
      const [kind = "", ...id] = object.split(":");
      const { users } = await understood(
        client.listUsers(
          {
            object: { type: kind, id: id.join(":") },
            relation,
            user_filters: [of === undefined ? { type } : { type, relation: of }],
          },
          options,
        ),
      );
      return users.map(nameOf).sort();
    },
  };
}

type User = Awaited<ReturnType<OpenFgaClient["listUsers"]>>["users"][number];

const Named = z.object({ type: z.string(), id: z.string() });

function nameOf({ object, userset, wildcard }: User): string {
  if (userset !== undefined) return `${userset.type}:${userset.id}#${userset.relation}`;
  if (wildcard !== undefined) return `${wildcard.type}:*`;
  const { type, id } = Named.parse(object); // of which the SDK says no more than that it is an object
  return `${type}:${id}`;
}

async function understood<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof FgaError)) throw error;
    throw new TrialError(error.message, { cause: error });
  }
}
