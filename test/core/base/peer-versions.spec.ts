import { describe, expect, it } from '@jest/globals';
import { peerVersionNotices } from '../../../libs/auth/src/core/base/peer-versions.js';
import { manifest } from '../../support/repository.js';

/** Reads the real manifest of the library, and peers in the versions given. */
const installed = (versions: Readonly<Record<string, string>>) => (name: string) => {
  if (name === 'nestjs-latchkey') return manifest;
  const version = versions[name];
  return version === undefined ? undefined : { version };
};

describe('the notice of peers in other versions', () => {
  it('says nothing of the versions that this repository is tested with', () => {
    expect(peerVersionNotices()).toEqual([]);
  });

  it.each([
    ['typeorm', '0.3.31'],
    ['typeorm', '1.1.0'],
    ['typeorm', '1.9.2'],
    ['@nestjs/core', '11.1.6'],
    ['@nestjs/core', '12.0.0-next.3'],
    ['@nestjs/swagger', '11.4.0'],
    ['class-validator', '0.15.1'],
    ['passport', '0.7.9'],
  ])('accepts %s %s', (name, version) => {
    expect(peerVersionNotices(installed({ [name]: version }))).toEqual([]);
  });

  it.each([
    ['typeorm', '0.2.45'],
    ['typeorm', '0.4.0'],
    ['typeorm', '2.0.0'],
    ['@nestjs/core', '11.1.5'],
    ['@nestjs/core', '10.4.20'],
    ['@nestjs/core', '13.0.0'],
    ['class-validator', '1.0.0'],
    ['passport', '0.6.0'],
  ])('names %s %s and what is accepted', (name, version) => {
    expect(peerVersionNotices(installed({ [name]: version }))).toEqual([
      `${name} ${version} is installed, and nestjs-latchkey works with ${manifest.peerDependencies[name]}.`,
    ]);
  });
});
