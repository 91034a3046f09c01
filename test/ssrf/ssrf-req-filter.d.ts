declare module 'ssrf-req-filter' {
  import type { Agent } from 'node:http';

  /** The package has no types of its own. */
  export default function ssrfFilter(url: string): Agent;
}
