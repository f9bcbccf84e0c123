import { Injectable, type PipeTransform } from '@nestjs/common';
import { isId, notFound } from '#libs/platform';

/** An id in an address; what is none is answered like one that is not there. */
@Injectable()
export class KnownId implements PipeTransform<string, string> {
  transform(id: string): string {
    if (!isId(id)) throw notFound('thing');
    return id;
  }
}
