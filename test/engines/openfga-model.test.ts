import { beforeAll, describe, expect, test } from "@jest/globals";
import { canonical, modelDifferences } from "../../src/engines/openfga-differences.ts";
import { buildModel, type ModelModule, prepareStore, readModules } from "../../src/engines/openfga-model.ts";
import { newName, POLICIES, storeOptions } from "../support/relay-world.ts";

let core: ModelModule[];
beforeAll(async () => {
  core = await readModules([POLICIES]);
});

/** Everything that OpenFGA could give back in other words than it was sent. */
const BUILDING = `module host
type building
  relations
    define organization: [organization]
    define open_to: [account:*, organization#owner, account with in_hours]
    define manager: owner from organization or keeper
    define keeper: [account] but not banned
    define banned: [account]
condition in_hours(now: timestamp) {
  now > timestamp("2020-01-01T00:00:00Z")
}
`;

describe("the model", () => {
  const host = (contents: string, name = "host.fga"): ModelModule => ({ name, contents });

  test("is written once, and again only when it is another", async () => {
    const name = newName("store");
    const first = await prepareStore(await storeOptions({ storeName: name }));
    expect(await prepareStore(await storeOptions({ storeName: name }))).toEqual(first);
    const extended = buildModel([...core, host(BUILDING)]);
    const other = await prepareStore(await storeOptions({ storeName: name, model: extended }));
    expect(other.storeId).toBe(first.storeId);
    expect(other.modelId).not.toBe(first.modelId);
    expect(await prepareStore(await storeOptions({ storeName: name, model: extended }))).toEqual(other);
  });

  test("that somebody has chosen is taken when it decides as the policies mean, whatever its files were called", async () => {
    const model = buildModel([...core, host(BUILDING)]);
    const { storeId, modelId } = await prepareStore(await storeOptions({ model }));
    const renamed = buildModel([...core, host(BUILDING, "folder/renamed.fga")]);
    const chosen = await storeOptions({ storeId, modelId, model: renamed });
    expect(await prepareStore(chosen)).toEqual({ storeId, modelId });
  });

  test("that somebody has chosen and that is another one is refused, with what differs", async () => {
    const { storeId, modelId } = await prepareStore(
      await storeOptions({ model: buildModel([...core, host(BUILDING)]) }),
    );
    const wanted = BUILDING.replace("keeper: [account] but not banned", "keeper: [account]").replaceAll(
      "in_hours",
      "at_night",
    );
    const chosen = await storeOptions({ storeId, modelId, model: buildModel([...core, host(wanted)]) });
    await expect(prepareStore(chosen)).rejects.toThrow(
      "not the model of the policies: type building is another one, condition at_night is missing, condition in_hours is not theirs",
    );
  });

  test("differs by a relation that has the name of a place", () => {
    const named = (relation: string): string =>
      `module host\ntype building\n  relations\n    define ${relation}: [account]\n`;
    for (const name of ["module", "source_info"]) {
      const [one, other] = ["keeper", name].map((relation) => buildModel([...core, host(named(relation))]));
      if (one === undefined || other === undefined) throw new Error("two models");
      expect(modelDifferences(one, other)).toEqual(["type building is another one"]);
      const more = buildModel([...core, host(`${named("keeper")}    define ${name}: [account]\n`)]);
      expect(modelDifferences(one, more)).toEqual(["type building is another one"]);
    }
  });

  test("has the five roles side by side, and no role implies another", () => {
    const organization = buildModel(core).type_definitions.find(({ type }) => type === "organization");
    const direct = { this: {} };
    expect(organization?.relations).toEqual({
      ...{ owner: direct, admin: direct, member: direct, billing: direct, viewer: direct },
      ...{ fence: direct, genesis: direct },
    });
  });

  test.each([
    ["calls itself core", "module core\ntype building\n", 'only core.fga may call itself "module core"'],
    [
      "does so behind a comment",
      "# mine\n\nmodule core\ntype building\n",
      'only core.fga may call itself "module core"',
    ],
    [
      "extends a built-in type",
      "module host\nextend type organization\n  relations\n    define president: [account]\n",
      'extends the built-in type "organization"',
    ],
    ["defines a built-in type again", "module host\ntype sector\n", "sector"],
    ["is no module", "type building\n", "module"],
  ])("is refused when a host's module %s", (_what, contents, message) => {
    expect(() => buildModel([...core, host(contents)])).toThrow(message);
  });

  test("is refused without the core, and with two modules of one file name", () => {
    expect(() => buildModel([host("module core\ntype account\n")])).toThrow("core.fga is missing");
    const twice = [host("module a\ntype a\n"), host("module b\ntype b\n")];
    expect(() => buildModel([...core, ...twice])).toThrow("two modules have this file name");
  });

  test("is compared without what OpenFGA adds", () => {
    const sent = { type_definitions: [{ type: "b" }, { type: "a", relations: { x: { this: {} } } }], conditions: {} };
    const given = {
      type_definitions: [
        { type: "a", relations: { x: { this: {} } }, module: "" },
        { type: "b", metadata: null },
      ],
    };
    expect(canonical(given)).toBe(canonical(sent));
    expect(canonical({ x: { this: {} } })).not.toBe(canonical({ x: {} }));
    expect(canonical({ x: [1, 2] })).not.toBe(canonical({ x: [2, 1] }));
  });
});
