/** Jest runs the very files that Node runs: types are stripped, nothing is compiled. */
export default {
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/support/strip-types.js" },
  testEnvironment: "node",
  testSequencer: "<rootDir>/test/support/sequencer.js",
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
  maxWorkers: 2,
  workerIdleMemoryLimit: "1GB", // modules of earlier files stay; beyond 2 GB the collector takes seconds
  testTimeout: 180_000, // it ends what hangs: nothing is measured by it, and some machines are slow at some hours
};
