import { Controller, Get, Header } from '@nestjs/common';
import { Database } from '#libs/platform';
import { Public } from '../guard/permission.js';

/** For the supervisor and for probes of a cluster. */
@Controller('healthz')
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Public('says only whether the product answers')
  async health(): Promise<{ ok: true }> {
    await this.database.outside(`select 1`);
    return { ok: true };
  }
}
