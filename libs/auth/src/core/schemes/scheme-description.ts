// How a scheme is documented: OpenAPI's words as plain data, so that the core needs no OpenAPI library.

/** A Security Scheme Object (OpenAPI 3.1 §4.8.27): one thing that must be sent. */
export type SecurityDescription = { readonly description?: string } & (
  | { readonly type: 'http'; readonly scheme: string; readonly bearerFormat?: string }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }
);

/** How a scheme is shown in an OpenAPI document: security schemes by name, all of which must be sent. */
export interface SchemeDescription {
  /** With every request. Names are made of letters, digits, dots, underscores and hyphens. */
  readonly always: Readonly<Record<string, SecurityDescription>>;
  /** With unsafe methods besides: the proof of intent of what a browser sends by itself. @defaultValue nothing */
  readonly unsafe?: Readonly<Record<string, SecurityDescription>> | undefined;
}
