// The site of the documentation: `npm run docs:site` writes it into dist/site and fails for a link that leads nowhere.
import { defineConfig } from 'vitepress';

const REPOSITORY = 'https://github.com/nestjs-latchkey/nestjs-latchkey';

/** @param {readonly (readonly [text: string, link: string])[]} pages */
const pagesOf = (pages) => pages.map(([text, link]) => ({ text, link: `/${link}` }));

export default defineConfig({
  title: 'nestjs-latchkey',
  description: 'Authentication for NestJS in one import',
  outDir: '../dist/site',
  cacheDir: '../node_modules/.cache/vitepress',
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path` },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Options', link: '/options' },
      { text: 'Errors', link: '/errors' },
      // TypeDoc writes it beside the site: VitePress has no page for it.
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: [
      {
        text: 'Learn',
        items: pagesOf([
          ['Start in five minutes', 'start'],
          ['Concepts', 'concepts'],
          ['Ten questions', 'questions'],
          ['Decorators, options, services', 'reference'],
          ['Set-up and doctor', 'setup'],
        ]),
      },
      {
        text: 'Tasks',
        items: pagesOf([
          ['Why is my request 401?', 'tasks/why-401'],
          ['Log out everywhere', 'tasks/log-out-everywhere'],
          ['A refresh token in two tabs', 'tasks/two-tabs'],
          ['The lock icon of Swagger', 'tasks/swagger-lock'],
          ['Public and staff routes', 'tasks/public-and-staff'],
          ['Signing in, steps, remember me', 'sign-in'],
          ['Signing in elsewhere', 'external-sign-in'],
          ['Passwords', 'passwords'],
          ['Limits of attempts', 'throttling'],
        ]),
      },
      {
        text: 'Recipes',
        items: pagesOf([
          ['A page, or Next.js', 'recipes/front-end'],
          ['A mobile application', 'recipes/mobile'],
          ['A code by e-mail', 'recipes/email-code'],
          ['Several services', 'recipes/monorepo'],
          ['Prisma', 'recipes/prisma'],
          ['Behind nginx', 'recipes/nginx'],
          ['AWS Lambda', 'recipes/lambda'],
          ['Docker', 'recipes/docker'],
        ]),
      },
      {
        text: 'Guides',
        items: pagesOf([
          ['Cookies, CSRF, sessions', 'browser'],
          ['Revocation and stores', 'revocation'],
          ['SQL databases', 'databases'],
          ['Redis', 'redis'],
          ['Authorization', 'authorization'],
          ['Trusted issuers', 'trusted-issuers'],
          ['Clients without a user', 'machines'],
          ['GraphQL, sockets, messages', 'contexts'],
          ['Two configurations', 'configurations'],
          ['Events', 'events'],
          ['Observability', 'observability'],
          ['Testing', 'testing'],
          ['Migrating', 'migrating'],
        ]),
      },
      {
        text: 'Reference',
        items: pagesOf([
          ['Every option', 'options'],
          ['Errors', 'errors'],
          ['What a start refuses', 'errors/boot'],
          ['Attacks', 'attacks'],
          ['Threat model', 'threat-model'],
          ['Performance', 'performance'],
          ['Scale', 'scale'],
          ['Architecture', 'architecture'],
          ['Decisions', 'adr/README'],
          ['Behaviours and their origin', 'seeds'],
        ]),
      },
    ],
  },
});
