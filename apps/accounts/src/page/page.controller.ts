import { applyDecorators, Controller, Get, Header, NotFoundException, Param, StreamableFile } from '@nestjs/common';
import { Public } from 'nestjs-latchkey';
import { externalProvider, inProduction } from '../environment.js';
import { pageFile, pageFolder, type PageFile } from './page-files.js';

const files = {
  style: pageFile('page.css'),
  parts: pageFile('parts.css'),
  script: pageFile('page.js'),
  icon: pageFile('page.svg'),
  modules: pageFolder('modules'),
};

/** The page, with the parts that this process offers: sign-in at another identity provider, and the demo users. */
const html = [...(externalProvider === undefined ? [] : ['elsewhere']), ...(inProduction ? [] : ['demo-users'])].reduce(
  (text, id) => text.replace(`id="${id}" hidden`, `id="${id}"`),
  pageFile('index.html').text,
);

/** No inline code, no other origins, no framing. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const File = (path: string): MethodDecorator =>
  applyDecorators(
    Public(),
    Get(path),
    Header('Content-Security-Policy', POLICY),
    Header('X-Content-Type-Options', 'nosniff'),
    Header('X-Frame-Options', 'DENY'),
    Header('Referrer-Policy', 'same-origin'),
    Header('Cross-Origin-Opener-Policy', 'same-origin'),
    Header('Cross-Origin-Resource-Policy', 'same-origin'),
    Header('Cache-Control', 'no-cache'),
  );

/** The web page. */
@Controller()
export class PageController {
  @File('/')
  @Header('Content-Type', 'text/html; charset=utf-8')
  page() {
    return html;
  }

  @File('page.css')
  style() {
    return sent(files.style);
  }

  @File('parts.css')
  parts() {
    return sent(files.parts);
  }

  @File('page.js')
  script() {
    return sent(files.script);
  }

  @File('modules/:name')
  module(@Param('name') name: string) {
    const file = files.modules.get(name);
    if (file === undefined) throw new NotFoundException();
    return sent(file);
  }

  @File('page.svg')
  icon() {
    return sent(files.icon);
  }

  /** Some browsers ask for it whatever the page names as its icon. */
  @File('favicon.ico')
  favicon() {
    return sent(files.icon);
  }
}

function sent({ text, type }: PageFile): StreamableFile {
  return new StreamableFile(Buffer.from(text), { type });
}
