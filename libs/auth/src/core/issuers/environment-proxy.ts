// The proxy that the environment of a process names, as curl and most other programs read it.

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for an https address: `HTTPS_PROXY`, unless `NO_PROXY` lists the host; `undefined` if there is none. */
export function environmentProxy(url: URL, environment: Environment): URL | undefined {
  const proxy = variable(environment, 'https_proxy');
  if (proxy === undefined || !URL.canParse(proxy) || isExempt(url, variable(environment, 'no_proxy') ?? ''))
    return undefined;
  return new URL(proxy);
}

/** Lower case counts first: upper case is what a CGI server would make of a request header. */
function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name] ?? environment[name.toUpperCase()];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** `*`, a host, or the end of one: `example.com` and `.example.com` exempt `keys.example.com` too; a port may follow. */
function isExempt({ hostname, port }: URL, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, host = entry, ofPort] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
      if (ofPort !== undefined && ofPort !== (port === '' ? '443' : port)) return false;
      const name = host.replace(/^\*?\./, '');
      return host === '*' || hostname === name || hostname.endsWith(`.${name}`);
    });
}
