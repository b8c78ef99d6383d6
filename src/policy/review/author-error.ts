/** What whoever calls the author's tools can mend: it is told without a stack, and the exit status is 2. */
export class AuthorError extends Error {
  override readonly name = "AuthorError";
}
