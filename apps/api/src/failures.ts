import { HttpException } from '@nestjs/common';
import { Refusal, reasonOf } from '#libs/platform';

const AWAY_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', '57P01', '57P02', '57P03', '08000', '08001', '08003', '08006']);
/** node-postgres and its pool say these without a code. */
const AWAY_WORDS = /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/i;

/** Whether the database could not be reached, rather than the query being wrong. */
function databaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(databaseAway);
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && AWAY_CODES.has(code)) return true;
  return AWAY_WORDS.test(error.message) || (driverError !== undefined && driverError !== error && databaseAway(driverError));
}

/** What may be told of any thrown thing. What is no refusal is a bug or an outage: its details go to stderr, `where` it happened with them. */
export function refusalOf(error: unknown, where: string): Refusal {
  if (error instanceof Refusal) return error;
  if (databaseAway(error)) {
    process.stderr.write(`${where}: database away: ${(error as Error).message}\n`);
    return new Refusal('DATABASE_AWAY', 'The database does not answer at this moment; nothing was changed.', 'Try again in some seconds.', 503);
  }
  const status = statusOf(error);
  if (status !== undefined && status < 500) {
    const known = HTTP_WORDS[status] ?? HTTP_WORDS[400]!;
    return new Refusal(known.code, known.message, known.wayOut, status);
  }
  process.stderr.write(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  const { code, message, wayOut } = reasonOf(error);
  return new Refusal(code, message, wayOut, 500);
}

/** Status of what Nest and the body parser throw. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : undefined;
}

const HTTP_WORDS: Record<number, { code: string; message: string; wayOut: string }> = {
  400: { code: 'BAD_REQUEST', message: 'The request cannot be read.', wayOut: 'Send JSON as the address expects it.' },
  404: { code: 'NOT_FOUND', message: 'There is no such address.', wayOut: 'Check the address.' },
  413: { code: 'TOO_LARGE', message: 'The request is larger than this address takes.', wayOut: 'Send less at once.' },
  415: { code: 'BAD_CONTENT_TYPE', message: 'The content type is not one that this address takes.', wayOut: 'Send application/json.' },
};
