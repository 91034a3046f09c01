/**
 * The rows of the page about runtimes: each promise, and what is said of each family of runtimes. What some member of a family
 * does not do, the family does not.
 *
 * @param {{ family: string, report: { support: Record<string, { says: string }> } }[]} ends
 */
export function tableOf(ends) {
  const families = [...new Set(ends.map(({ family }) => family))];
  const rows = Object.keys(ends[0]?.report.support ?? {}).map((promise) => {
    const cells = families.map((family) => {
      const said = ends.filter((end) => end.family === family).map(({ report }) => report.support[promise].says);
      return said.includes('no') ? 'no' : said[0];
    });
    return `| ${promise} | ${cells.join(' | ')} |`;
  });
  return [`| | ${families.join(' | ')} |`, `| --- |${' --- |'.repeat(families.length)}`, ...rows];
}
