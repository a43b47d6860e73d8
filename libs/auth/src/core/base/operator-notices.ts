// Messages for operators, written to the log of the application.

/** Writes to the log of the application. Sentences name options, members and kinds of values, never a value. */
export interface OperatorNotices {
  warn(sentence: string): void;
  error(sentence: string): void;
}

/** Writes nothing. */
export const NO_NOTICES: OperatorNotices = Object.freeze({ warn: () => {}, error: () => {} });
