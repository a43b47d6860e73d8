// Draws the pictures of the documentation, each for a light and for a dark page: `node tools/pictures.js` writes docs/pictures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {'plain' | 'good' | 'refused' | 'down'} Tone
 * @typedef {{ at: [x: number, y: number], size?: [width: number, height: number], text: string[], tone?: Tone }} Box
 * @typedef {{ path: [x: number, y: number][], label?: string, labelAt?: [x: number, y: number], tone?: Tone }} Arrow
 * @typedef {{ title: string, size: [width: number, height: number], boxes: Box[], arrows: Arrow[], notes?: { at: [number, number], text: string }[] }} Picture
 */

/** @type {Record<'light' | 'dark', Record<Tone | 'ink' | 'soft' | 'paper', string>>} */
const inks = {
  light: {
    ink: '#1f2328',
    soft: '#59636e',
    paper: '#ffffff',
    plain: '#57606a',
    good: '#1a7f37',
    refused: '#b42318',
    down: '#9a6700',
  },
  dark: {
    ink: '#f0f6fc',
    soft: '#9198a1',
    paper: '#0d1117',
    plain: '#9198a1',
    good: '#3fb950',
    refused: '#ff7b72',
    down: '#d29922',
  },
};

/** @type {Record<string, Picture>} */
export const pictures = {
  request: {
    title:
      'A request on its way through the guard: credential, signature, revocation, user, policies, handler; three answers',
    size: [920, 250],
    boxes: [
      { at: [10, 40], text: ['Credential', 'bearer, cookie, session'] },
      { at: [190, 40], text: ['Signature, claims', 'RFC 7519, 9068, 8725'] },
      { at: [370, 40], text: ['Revocation', 'blocklist in memory'] },
      { at: [550, 40], text: ['User', 'from your UserSource'] },
      { at: [730, 40], text: ['Policies', 'scopes, roles, your own'] },
      { at: [190, 170], size: [160, 56], text: ['401 or 403', 'one documented code'], tone: 'refused' },
      { at: [460, 170], size: [160, 56], text: ['503 Retry-After', 'a store does not answer'], tone: 'down' },
      { at: [730, 170], size: [160, 56], text: ['Handler', '@CurrentUser() is set'], tone: 'good' },
    ],
    arrows: [
      {
        path: [
          [170, 68],
          [190, 68],
        ],
      },
      {
        path: [
          [350, 68],
          [370, 68],
        ],
      },
      {
        path: [
          [530, 68],
          [550, 68],
        ],
      },
      {
        path: [
          [710, 68],
          [730, 68],
        ],
      },
      {
        path: [
          [270, 96],
          [270, 170],
        ],
        label: 'not good, at any step',
        labelAt: [276, 138],
        tone: 'refused',
      },
      {
        path: [
          [450, 96],
          [450, 130],
          [540, 130],
          [540, 170],
        ],
        label: 'unavailable, at any step',
        labelAt: [548, 160],
        tone: 'down',
      },
      {
        path: [
          [810, 96],
          [810, 170],
        ],
        label: 'good',
        labelAt: [816, 138],
        tone: 'good',
      },
    ],
    notes: [{ at: [10, 26], text: 'JwtAuthGuard' }],
  },
  answers: {
    title:
      'Three answers: a credential that is good reaches the handler; one that is not good is 401, or 403 if it may not do this; one that could not be checked is 503',
    size: [920, 230],
    boxes: [
      { at: [10, 86], size: [170, 56], text: ['A credential', 'is checked'] },
      { at: [300, 10], size: [240, 56], text: ['It is good', 'the handler runs'], tone: 'good' },
      {
        at: [300, 86],
        size: [240, 56],
        text: ['It is not good, or not enough', '401 or 403 with errorCode'],
        tone: 'refused',
      },
      { at: [300, 162], size: [240, 56], text: ['It could not be checked', '503 with Retry-After'], tone: 'down' },
      { at: [660, 10], size: [240, 56], text: ['The client goes on'], tone: 'good' },
      {
        at: [660, 86],
        size: [240, 56],
        text: ['refreshes once, or signs in', 'and stops asking after 403'],
        tone: 'refused',
      },
      { at: [660, 162], size: [240, 56], text: ['tries again later', 'and stays signed in'], tone: 'down' },
    ],
    arrows: [
      {
        path: [
          [180, 114],
          [240, 114],
          [240, 38],
          [300, 38],
        ],
        tone: 'good',
      },
      {
        path: [
          [180, 114],
          [300, 114],
        ],
        tone: 'refused',
      },
      {
        path: [
          [180, 114],
          [240, 114],
          [240, 190],
          [300, 190],
        ],
        tone: 'down',
      },
      {
        path: [
          [540, 38],
          [660, 38],
        ],
        tone: 'good',
      },
      {
        path: [
          [540, 114],
          [660, 114],
        ],
        tone: 'refused',
      },
      {
        path: [
          [540, 190],
          [660, 190],
        ],
        tone: 'down',
      },
    ],
  },
  refresh: {
    title:
      'Rotation: a refresh token is replaced at each use; for ten seconds the old one returns the same successor; after that its use ends the login',
    size: [920, 270],
    boxes: [
      { at: [10, 20], text: ['Refresh token 1', 'the live one'] },
      { at: [300, 20], text: ['Refresh token 2', 'its successor'], tone: 'good' },
      { at: [600, 20], text: ['Refresh token 3', 'and so on'], tone: 'good' },
      {
        at: [300, 110],
        size: [300, 56],
        text: ['Token 1 again within 10 s', 'second tab, lost answer: gets token 2'],
        tone: 'good',
      },
      {
        at: [300, 196],
        size: [300, 56],
        text: ['Token 1 again after the grace', 'a copy is in use: the login ends, 401'],
        tone: 'refused',
      },
    ],
    arrows: [
      {
        path: [
          [170, 48],
          [300, 48],
        ],
        label: 'POST /auth/refresh',
        labelAt: [176, 40],
      },
      {
        path: [
          [460, 48],
          [600, 48],
        ],
        label: 'refresh',
        labelAt: [500, 40],
      },
      {
        path: [
          [90, 76],
          [90, 138],
          [300, 138],
        ],
        tone: 'good',
      },
      {
        path: [
          [60, 76],
          [60, 224],
          [300, 224],
        ],
        tone: 'refused',
      },
    ],
  },
  login: {
    title:
      'What ends a login: log-out here, everywhere or elsewhere, a reused refresh token, a changed password, time; each reaches every process',
    size: [920, 250],
    boxes: [
      { at: [10, 20], size: [250, 40], text: ['Log-out: this device, all, others'] },
      { at: [10, 68], size: [250, 40], text: ['Refresh token reused too late'] },
      { at: [10, 116], size: [250, 40], text: ['New password, user deactivated'] },
      { at: [10, 164], size: [250, 40], text: ['Idle for 14 days, or 30 days old'] },
      { at: [350, 80], size: [200, 64], text: ['The login ends', 'one row, one write'], tone: 'refused' },
      { at: [660, 20], size: [240, 56], text: ['Refresh tokens', 'refused from the next use'], tone: 'refused' },
      { at: [660, 90], size: [240, 56], text: ['Access tokens', 'refused at the next request'], tone: 'refused' },
      { at: [660, 160], size: [240, 56], text: ['Open sockets', 'closed, in every process'], tone: 'refused' },
    ],
    arrows: [
      {
        path: [
          [260, 40],
          [300, 40],
          [300, 104],
          [350, 104],
        ],
      },
      {
        path: [
          [260, 88],
          [290, 88],
          [290, 110],
          [350, 110],
        ],
      },
      {
        path: [
          [260, 136],
          [290, 136],
          [290, 116],
          [350, 116],
        ],
      },
      {
        path: [
          [260, 184],
          [300, 184],
          [300, 122],
          [350, 122],
        ],
      },
      {
        path: [
          [550, 106],
          [610, 106],
          [610, 48],
          [660, 48],
        ],
        tone: 'refused',
      },
      {
        path: [
          [550, 114],
          [660, 114],
        ],
        tone: 'refused',
      },
      {
        path: [
          [550, 122],
          [610, 122],
          [610, 188],
          [660, 188],
        ],
        tone: 'refused',
      },
    ],
  },
};

/**
 * @param {Picture} picture
 * @param {'light' | 'dark'} page
 */
export function draw(picture, page) {
  const colours = inks[page];
  const [width, height] = picture.size;
  const heads = /** @type {Tone[]} */ (['plain', 'good', 'refused', 'down']).map(
    (tone) =>
      `<marker id="${tone}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colours[tone]}"/></marker>`,
  );
  const arrows = picture.arrows.map(({ path, label, labelAt, tone = 'plain' }) => {
    const line = `<path d="M${path.map((point) => point.join(' ')).join('L')}" fill="none" stroke="${colours[tone]}" stroke-width="1.5" marker-end="url(#${tone})"/>`;
    return label === undefined || labelAt === undefined
      ? line
      : line + text(label, labelAt, { colour: colours.soft, size: 12 });
  });
  const boxes = picture.boxes.map(({ at: [x, y], size: [w, h] = [160, 56], text: lines, tone = 'plain' }) => {
    const middle = y + h / 2;
    const written = lines.map((line, index) =>
      text(line, [x + w / 2, middle + (lines.length === 1 ? 5 : index === 0 ? -4 : 15)], {
        colour: index === 0 ? colours.ink : colours.soft,
        size: index === 0 ? 14 : 12,
        weight: index === 0 && lines.length > 1 ? 600 : 400,
        anchor: 'middle',
      }),
    );
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="8" fill="${colours.paper}" stroke="${colours[tone]}" stroke-width="1.5"/>${written.join('')}`;
  });
  const notes = (picture.notes ?? []).map(({ at, text: words }) =>
    text(words, at, { colour: colours.soft, size: 13, weight: 600 }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif">`,
    `<title>${picture.title}</title>`,
    `<defs>${heads.join('')}</defs>`,
    ...arrows,
    ...boxes,
    ...notes,
    '</svg>',
    '',
  ].join('\n');
}

/**
 * @param {string} words
 * @param {[number, number]} at
 * @param {{ colour: string, size: number, weight?: number, anchor?: string }} look
 */
function text(words, [x, y], { colour, size, weight = 400, anchor = 'start' }) {
  return `<text x="${x}" y="${y}" fill="${colour}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}">${words}</text>`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, picture] of Object.entries(pictures))
    for (const page of /** @type {const} */ (['light', 'dark']))
      writeFileSync(join(import.meta.dirname, `../docs/pictures/${name}-${page}.svg`), draw(picture, page));
