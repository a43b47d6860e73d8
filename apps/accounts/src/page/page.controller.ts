import { readFileSync } from 'node:fs';
import { applyDecorators, Controller, Get, Header } from '@nestjs/common';
import { Public } from 'nestjs-latchkey';
import { externalProvider } from '../environment.js';

const read = (name: string): string => readFileSync(new URL(`../../public/${name}`, import.meta.url), 'utf8');

const files = { html: read('index.html'), css: read('page.css'), js: read('page.js'), icon: read('page.svg') };

/** The page with the link to the other identity provider. */
const withLinkElsewhere = files.html.replace('id="elsewhere" hidden', 'id="elsewhere"');

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

const File = (path: string, type: string): MethodDecorator =>
  applyDecorators(
    Public(),
    Get(path),
    Header('Content-Type', `${type}; charset=utf-8`),
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
  @File('/', 'text/html')
  page() {
    return externalProvider === undefined ? files.html : withLinkElsewhere;
  }

  @File('page.css', 'text/css')
  style() {
    return files.css;
  }

  @File('page.js', 'text/javascript')
  script() {
    return files.js;
  }

  @File('page.svg', 'image/svg+xml')
  icon() {
    return files.icon;
  }
}
