import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { Principal } from '#libs/access';
import { Catalogue, type Upload } from '#libs/catalogue';
import { Refusal } from '#libs/platform';
import { Can, Me } from '../guard/permission.js';
import { announcedSha256 } from './content-digest.js';
import { KnownId } from './known-id.pipe.js';

/** Bytes of masters on their way in: parts in any order and in parallel, each with its SHA-256, each whole or not there. */
@Controller('uploads/:id')
export class UploadsController {
  constructor(private readonly catalogue: Catalogue) {}

  @Get()
  @Can('create', 'Upload')
  status(@Me() me: Principal, @Param('id', KnownId) id: string): Promise<Upload> {
    return this.catalogue.upload(me, id);
  }

  @Put('parts/:number')
  @HttpCode(204)
  @Can('create', 'Upload')
  async part(@Me() me: Principal, @Param('id', KnownId) id: string, @Param('number') number: string, @Headers('content-digest') digest: string | undefined, @Req() request: Request): Promise<void> {
    // Before the header is looked at: an upload that is not there answers alike whatever else is wrong.
    await this.catalogue.upload(me, id);
    await this.catalogue.putPart(me, id, /^\d{1,6}$/.test(number) ? Number(number) : -1, request, announcedSha256(digest));
  }

  @Post('complete')
  @HttpCode(200)
  @Can('create', 'Upload')
  async complete(@Me() me: Principal, @Param('id', KnownId) id: string, @Body() body: { sha256?: unknown } | undefined): Promise<{ titleId: string; state: string }> {
    const sha256 = body?.sha256 ?? undefined;
    if (sha256 !== undefined && typeof sha256 !== 'string') throw new Refusal('BAD_DIGEST', 'sha256 is 64 hexadecimal digits.', 'Leave it out or send the SHA-256 of the whole file.', 400);
    const title = await this.catalogue.completeUpload(me, id, sha256);
    return { titleId: title.id, state: title.state };
  }

  @Delete()
  @HttpCode(204)
  @Can('create', 'Upload')
  abort(@Me() me: Principal, @Param('id', KnownId) id: string): Promise<void> {
    return this.catalogue.abortUpload(me, id);
  }
}
