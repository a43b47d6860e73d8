// The projects that the CLI of Nest makes, pinned by version: nothing of their files is kept here.

export type Builder = 'swc' | 'webpack' | 'rspack';

/** One template, as `nest new` of one version makes it. */
export interface Template {
  readonly title: string;
  readonly nest: '11' | '12';
  readonly isModule: boolean;
  readonly cli: string;
  readonly schematics: string;
  /** What `nest new` asks where it is not told. */
  readonly answers: readonly string[];
  /** The major versions of Node that its own scripts run on: first that which makes and builds it. */
  readonly nodes: readonly [build: string, ...others: string[]];
  /** Where its own tests run. Jest loads Nest 12 on Node 24 alone. */
  readonly testedOn: readonly string[];
  /** What else than tsc the CLI builds it with, without more configuration. */
  readonly builders: readonly Builder[];
  /** True where the template is CommonJS and becomes a project of ES modules by the line in its manifest that says so. */
  readonly becomesModule?: boolean;
}

export const templates: readonly Template[] = [
  {
    title: 'Nest 11, CommonJS, Jest',
    nest: '11',
    isModule: false,
    cli: '11.0.24',
    schematics: '11.1.0',
    answers: [],
    nodes: ['20', '22', '24'],
    testedOn: ['20', '22', '24'],
    builders: ['swc', 'webpack'],
  },
  {
    title: 'Nest 11, ES modules',
    nest: '11',
    isModule: true,
    cli: '11.0.24',
    schematics: '11.1.0',
    answers: [],
    nodes: ['20', '24'],
    testedOn: [],
    builders: [],
    becomesModule: true,
  },
  {
    title: 'Nest 12, ES modules, Vitest',
    nest: '12',
    isModule: true,
    cli: '12.0.8',
    schematics: '12.0.6',
    answers: ['--type=esm'],
    nodes: ['24', '20', '22'],
    testedOn: ['24', '20', '22'],
    builders: ['swc', 'rspack'],
  },
  {
    title: 'Nest 12, CommonJS, Jest',
    nest: '12',
    isModule: false,
    cli: '12.0.8',
    schematics: '12.0.6',
    answers: ['--type=cjs'],
    nodes: ['24', '20', '22'],
    testedOn: ['24'],
    builders: ['swc', 'webpack'],
  },
];
