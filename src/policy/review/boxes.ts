/** One fact, or how two stand to each other, of every cell that was tried. */
export interface Column {
  /** Codes are 0 to size - 1. */
  readonly size: number;
  /** Codes that together say nothing: whoever leaves the column out means any of these. */
  readonly free: readonly number[];
  /** Is it never left out? */
  readonly isKept: boolean;
  /** Codes that cannot be said: a box of such a cell leaves the column out. */
  readonly unsaid: readonly number[];
  /** Columns of a low rank are left out first. */
  readonly rank: number;
}

/** A cell: a code for each column. */
export type Row = readonly number[];

/** For each column the codes that are in it: each with each of every other column. Null: left out. */
export type Box = readonly (readonly number[] | null)[];

interface Space {
  readonly columns: readonly Column[];
  /** Codes that occur. */
  readonly tried: readonly ReadonlySet<number | undefined>[];
  /** What no box may hold. */
  readonly others: readonly Row[];
}

/** Orders in which columns are tried to be left out: by these ranks. */
const ORDERS: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 0, 2],
  [2, 1, 0],
  [1, 2, 0],
];

/**
 * Boxes that hold all of these rows and none of the others, few and with few columns: each is grown from a row until nothing more can be
 * added to it, and those that others cover go.
 */
export function boxesOf(columns: readonly Column[], rows: readonly Row[], others: readonly Row[]): Box[] {
  // What was not tried is not claimed.
  const tried = columns.map((_column, at) => new Set([...rows, ...others].map((row) => row[at])));
  const space: Space = { columns, tried, others };
  const orders = ORDERS.flatMap((ranks) => {
    const order = ranks.flatMap((rank) => columns.flatMap((column, at) => (column.rank === rank ? [at] : [])));
    return [order, ranks.flatMap((rank) => order.filter((at) => columns[at]?.rank === rank).reverse())];
  });
  const boxes: Box[] = [];
  // Growing from rows that can be in many boxes first would take trying them all; a row of ordinary values is in the widest ones.
  let open = rows.toSorted((one, other) => strangeness(one, columns) - strangeness(other, columns));
  for (let [seed] = open; seed !== undefined; [seed] = open) {
    const from = seed;
    const grown = orders.map((order) => grow(from, order, space));
    const held = (box: Box): number => open.filter((row) => isIn(row, box, columns)).length;
    const [best = []] = grown.sort(
      (one, other) => held(other) - held(one) || clausesOf(one) - clausesOf(other), // the first of equal ones
    );
    boxes.push(best);
    open = open.filter((row) => !isIn(row, best, columns));
  }
  return withoutCovered(boxes, rows, columns);
}

function strangeness(row: Row, columns: readonly Column[]): number {
  return row.filter((code, at) => columns[at]?.free.includes(code) === false).length;
}

export function clausesOf(box: Box): number {
  return box.filter((codes) => codes !== null).length;
}

/** Is the row in the box? One that leaves a column out takes the codes that say nothing. */
export function isIn(row: Row, box: Box, columns: readonly Column[]): boolean {
  return box.every((codes, at) => (codes ?? columns[at]?.free)?.includes(row[at] ?? -1));
}

/** A box around a row that holds none of the others: columns are left out as far as can be, and the rest gets more codes. */
function grow(seed: Row, order: readonly number[], { columns, tried, others }: Space): Box {
  const box: (readonly number[] | null)[] = columns.map(({ unsaid }, at) => {
    const code = seed[at] ?? -1;
    return unsaid.includes(code) ? null : [code];
  });
  const widen = (at: number, codes: readonly number[] | null): boolean => {
    const before = box[at] ?? null;
    box[at] = codes;
    const isWrong = others.some((row) => isIn(row, box, columns));
    if (isWrong) box[at] = before;
    return !isWrong;
  };
  for (const at of order) {
    const { isKept = true, free = [] } = columns[at] ?? {};
    if (!isKept && free.includes(seed[at] ?? -1)) widen(at, null);
  }
  for (const at of order) {
    const { size = 0, free = [], unsaid = [] } = columns[at] ?? {};
    // A fact that is missing is told apart from any that is there, and not together with all of them.
    const isFree = free.includes(seed[at] ?? -1);
    // Two that do not fit were not tried together.
    const isOnly = box.every((codes, other) => {
      return other === at || codes === null || codes.some((code) => columns[other]?.free.includes(code));
    });
    for (let code = 0; code < size; code += 1) {
      const codes = box[at] ?? null;
      if (codes === null || codes.includes(code) || unsaid.includes(code)) continue;
      const isTried = tried[at]?.has(code) === true && (isOnly || free.includes(code));
      if (isTried && (isFree || !free.includes(code))) widen(at, [...codes, code]);
    }
  }
  return box;
}

function withoutCovered(boxes: readonly Box[], rows: readonly Row[], columns: readonly Column[]): Box[] {
  return boxes.reduceRight<Box[]>(
    (left, box) => {
      const rest = left.filter((each) => each !== box);
      const isCovered = rows.every((row) => !isIn(row, box, columns) || rest.some((each) => isIn(row, each, columns)));
      return isCovered ? rest : left;
    },
    [...boxes],
  );
}
