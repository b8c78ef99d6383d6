import Sequencer from "@jest/test-sequencer";

/** Here are the longest files: most of them start processes of their own. */
const LONG =
  /\/test\/(journeys|local|faults|matrix|policy|policies)\/|\/http\/(secrecy|isolation|audited|cost)\.|\/races\/(organization|reload)\./;

/** The longest first, so that none is left alone at the end: by the times of the last run or, where there was none, by their folder. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isFirst = ({ path, duration }) => duration === undefined && LONG.test(path);
    return [...sorted.filter(isFirst), ...sorted.filter((test) => !isFirst(test))];
  }
}
