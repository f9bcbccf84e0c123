/** What a person can act on: a code for programs, a message that names the thing, and a way out. */
export interface Reason {
  code: string;
  message: string;
  wayOut: string;
}

/**
 * An expected failure. Transport turns it into a schema union member or an HTTP answer; everything else that is thrown is a bug.
 * `code` is SCREAMING_SNAKE and stable, `status` the HTTP status an address answers with.
 */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly wayOut: string,
    readonly status = 422,
  ) {
    super(message);
    this.name = 'Refusal';
  }

  get reason(): Reason {
    return { code: this.code, message: this.message, wayOut: this.wayOut };
  }
}

/** One answer for "not there" and "not yours", so that asking reveals nothing. */
export function notFound(what: string): Refusal {
  return new Refusal('NOT_FOUND', `There is no such ${what} in your studio.`, `Check the ${what} in the console's list.`, 404);
}

/** What may be told of any thrown value: the reason of a Refusal, else a neutral sentence (the details go to the process log). */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refusal) return error.reason;
  return {
    code: 'INTERNAL',
    message: 'Something went wrong on our side; nothing was changed.',
    wayOut: 'Try again; if it stays, ask your operator to look at the log at this time.',
  };
}
