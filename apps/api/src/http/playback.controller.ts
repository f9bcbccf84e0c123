import { Controller, Get, Header, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '#libs/access';
import { Curation } from '#libs/curation';
import { Generation } from '#libs/generation';
import { notFound, Refusal, type ReleasedKey, type SealedObject, Vault } from '#libs/platform';
import { type Question, Rights } from '#libs/rights';
import { Training } from '#libs/training';
import { Can, Me } from '../guard/permission.js';
import { KnownId } from './known-id.pipe.js';
import { sendObject } from './send.js';

/** Frames for members' eyes: each needs a decision for the member who looks, and its release is in the log. */
@Controller()
export class PlaybackController {
  constructor(
    private readonly vault: Vault,
    private readonly rights: Rights,
    private readonly curation: Curation,
    private readonly training: Training,
    private readonly generation: Generation,
  ) {}

  /** HLS over byte ranges of the proxy: the playlist holds no frame and asks for each range at /objects. */
  @Get('titles/:id/proxy.m3u8')
  @Header('content-type', 'application/vnd.apple.mpegurl')
  // What is left out may change at any time, and the list names the copy that is shown now.
  @Header('cache-control', 'private, no-cache')
  @Can('read', 'Title')
  playlist(@Me() me: Principal, @Param('id', KnownId) id: string): Promise<string> {
    return this.curation.playlist(me, id, (objectId) => `/objects/${objectId}`);
  }

  @Get('objects/:id')
  @Can('read', 'Title')
  async object(@Me() me: Principal, @Param('id', KnownId) id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const object = await this.vault.find(me, id);
    const question = await this.question(me, object);
    const shownNow = async (): Promise<string> => (question.scopeKind === 'title' ? this.curation.shownFor(me, object) : id);
    const shown = await shownNow();
    const open = (): Promise<ReleasedKey> => this.rights.openFor(me, question, shown);
    const allowed = async (): Promise<unknown> => {
      if ((await shownNow()) !== shown) throw new Refusal('FRAMES_CHANGED', 'Frames were left out of this film while it was sent.', 'Open it again.', 409);
      return open();
    };
    await sendObject(this.vault, await open(), request, response, allowed);
  }

  @Get('deliveries/:id')
  @Can('read', 'Delivery')
  async delivery(@Me() me: Principal, @Param('id', KnownId) id: string, @Query('expires') expires: unknown, @Query('signature') signature: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { released, question } = await this.generation.openDelivery(me, id, { expires: String(expires), signature: String(signature) }, me.name);
    response.set('content-disposition', `attachment; filename="${id}.mp4"`);
    await sendObject(this.vault, released, request, response, () => this.rights.permitFor(me, question));
  }

  /** What the licences are asked before a member sees an object of this kind. Masters, datasets and adapters are nothing to look at: for members they are not there. */
  private async question(me: Principal, { id, kind, scopeId }: SealedObject): Promise<Question> {
    const actor = me.name;
    switch (kind) {
      case 'proxy':
      case 'keyframe':
      case 'filmstrip':
        return { action: 'curate', scopeKind: 'title', scopeId, titleIds: [scopeId], frames: 'permitted', actor };
      case 'sample':
        return { action: 'curate', scopeKind: 'dataset', scopeId, ...(await this.training.behindVersion(me, scopeId)), actor };
      case 'output':
        return this.generation.looksAt(me, id, actor);
      case 'master':
      case 'dataset':
      case 'checkpoint':
      case 'adapter':
        throw notFound('object');
    }
  }
}
