// The sentences about problems of the configuration, as they stand in the sources: what is in an AuthConfigurationError, or made by what
// is named after problems. What is filled in stands as `x`.
import ts from 'typescript';
import { filesIn, readText } from './repository.js';

/** At least three words, so that a sentence is told from a name. */
const SENTENCE = /(?:[a-z]{2,}[ ,;:]+){3}/;
const MAKER = /problem/i;

/** What no boot prints: the command line, OpenAPI documents, tools of tests, and the answers of providers. */
const ELSEWHERE = /\/src\/(?:cli|swagger\/refusals|testing)\b|exchange-problems/;

/** Every sentence of the library that is about what a boot refuses. */
export function bootSentences(): readonly string[] {
  return filesIn('libs/auth/src', '.ts')
    .filter((path) => !ELSEWHERE.test(path))
    .flatMap((path) => sentencesOf(ts.createSourceFile(path, readText(path), ts.ScriptTarget.Latest, true)));
}

function sentencesOf(file: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, isProblem: boolean): void => {
    if (isProblem && isText(node) && SENTENCE.test(textOf(node))) found.push(textOf(node));
    if (isProblem && joins(node)) return void found.push(textOf(node));
    ts.forEachChild(node, (child) => visit(child, isProblem || makesProblems(node)));
  };
  visit(file, false);
  return found;
}

function makesProblems(node: ts.Node): boolean {
  if (ts.isCallExpression(node)) return /^(?:wrong|refusal|\w*[pP]roblems\.push)$/.test(node.expression.getText());
  if (ts.isNewExpression(node)) return node.expression.getText() === 'AuthConfigurationError';
  const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isVariableDeclaration(node);
  return isNamed && node.name !== undefined && MAKER.test(node.name.getText());
}

/** A sentence that is written over several lines. */
function joins(node: ts.Node): node is ts.BinaryExpression {
  return (
    ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken && SENTENCE.test(textOf(node))
  );
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function textOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  if (!ts.isTemplateExpression(node)) return 'x';
  return node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join('');
}
