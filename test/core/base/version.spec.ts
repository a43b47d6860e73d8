import { expect, it } from '@jest/globals';
import { VERSION } from '../../../libs/auth/src/core/base/version.js';
import { manifest } from '../../support/repository.js';

it('the version that observers receive is that of the package', () => {
  expect(VERSION).toBe(manifest.version);
});
