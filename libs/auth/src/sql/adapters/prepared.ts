// Prepared statements of one connection, so that SQLite does not parse each of them again.

/** The statements of the stores are few. */
const MOST = 100;

/** Keeps what `prepare` makes of a statement. */
export class PreparedStatements<Statement> {
  readonly #statements = new Map<string, Statement>();

  constructor(private readonly prepare: (text: string) => Statement) {}

  get(text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.prepare(text);
    if (this.#statements.size >= MOST) this.#statements.clear();
    this.#statements.set(text, statement);
    return statement;
  }
}
