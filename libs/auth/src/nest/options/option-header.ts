// The judgement of the options that say where bearer tokens are found.
import { DEFAULTS, type HeaderOptions } from './auth.options.js';
import { shown, type OptionErrors } from './option-errors.js';
import type { AuthSettings } from './settings.js';

/** The `token` of RFC 9110 §5.6.2: what header and scheme names are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The settings that the options ask for; what is wrong with them is noted. */
export function headerSettings(header: HeaderOptions, problems: OptionErrors): AuthSettings['header'] {
  const { name = DEFAULTS.headerName, schemes = DEFAULTS.headerSchemes, extractor, openapi } = header;
  problems.check(TOKEN.test(name), `header.name is ${shown(name)}; accepted is a header name`);
  problems.check(
    Array.isArray(schemes) && schemes.every((scheme) => TOKEN.test(scheme)),
    `header.schemes is ${shown(schemes)}; accepted is a list of scheme names like ['Bearer'], or [] for a token without one`,
  );
  judgeSender(header, problems);
  judgeExtractor(header, problems);
  return { name: name.toLowerCase(), schemes: [...schemes], sentBy: header.sentBy ?? 'client', extractor, openapi };
}

/** A header without a scheme name is as often made by a proxy as by a client, and only one of the two proves intent. */
function judgeSender({ schemes, sentBy, extractor }: HeaderOptions, problems: OptionErrors): void {
  problems.oneOf('header.sentBy', sentBy ?? 'client', ['client', 'browser']);
  const isStated = sentBy !== undefined || extractor !== undefined || schemes?.length !== 0;
  problems.check(
    isStated,
    "header.schemes is [] without header.sentBy; accepted is 'client' if clients set the header, 'browser' if a proxy makes it from a cookie",
  );
  problems.check(
    extractor === undefined || sentBy !== 'client',
    "header.sentBy is 'client' beside header.extractor, which may read cookies; accepted is 'browser', or nothing: it is told apart for each request",
  );
}

function judgeExtractor({ extractor, openapi }: HeaderOptions, problems: OptionErrors): void {
  problems.check(
    extractor === undefined || typeof extractor === 'function',
    'header.extractor must be a function, like those of ExtractJwt',
  );
  problems.check(
    openapi === undefined || extractor !== undefined,
    'header.openapi describes header.extractor, which is not given; a header that is named describes itself',
  );
  const isDescription = openapi === undefined || (typeof openapi.always === 'object' && openapi.always !== null);
  problems.check(
    isDescription,
    `header.openapi is ${shown(openapi)}; accepted is a description like { always: { bearer: { type: 'apiKey', in: 'header', name: 'x-token' } } }`,
  );
}
