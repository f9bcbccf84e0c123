import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Refusal, repositoryRoot } from '#libs/platform';
import { Public } from '../guard/permission.js';

/** Where `npm run build` puts the console. */
export const consoleFolder = join(repositoryRoot, 'dist', 'web');

/** The console's pages: one file, whatever the path; the console itself finds the page. Its assets are served before this. */
@Controller()
export class ConsoleController {
  @Get('{*path}')
  @Public('the console is the same for everyone; what it shows comes through guarded addresses')
  page(@Req() request: Request, @Res() response: Response): void {
    const file = join(consoleFolder, 'index.html');
    if (!request.accepts('html') || /\.\w+$/.test(request.path)) throw new Refusal('NOT_FOUND', 'There is no such address.', 'Check the address.', 404);
    if (!existsSync(file)) throw new Refusal('CONSOLE_NOT_BUILT', 'The console was not built.', 'Run: npm run build', 404);
    response.set('cache-control', 'no-cache').sendFile(file);
  }
}
