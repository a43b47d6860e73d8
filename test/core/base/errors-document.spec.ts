import { expect, it } from '@jest/globals';
import { ERROR_TABLE } from '../../../libs/auth/src/core/base/errors.js';
import { errorsDocument } from '../../../tools/errors-document.js';
import { readText } from '../../support/repository.js';

it('keeps docs/errors.md in step with the error table (npm run build && node tools/errors-document.js)', () => {
  expect(readText('docs/errors.md')).toBe(errorsDocument(ERROR_TABLE));
});
