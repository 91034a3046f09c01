// What is not changed: prose, and all but one line in so many where a run is to be short.

// Text of several words that is handed to a call is prose: what an error says to a person. No code reads it, and where a test does, it
// copies it. Single words are no prose: codes, headers, the names of options.
const SEVERAL_WORDS = /[a-z,] [a-z]/i;

function textOf({ node }) {
  if (node.type === 'StringLiteral') return node.value;
  return node.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.raw).join(' … ') : '';
}

/** Also as one of the two ways of a condition. */
function isHandedToACall({ parentPath: parent, listKey, key }) {
  if (listKey === 'arguments') return true;
  return parent?.isConditionalExpression() && key !== 'test' && isHandedToACall(parent);
}

const prose = {
  shouldIgnore: (path) => (SEVERAL_WORDS.test(textOf(path)) && isHandedToACall(path) ? 'prose' : undefined),
};

const oneIn = Number(process.env.MUTATED_LINES_ONE_IN ?? 1);

/** Always the same lines: what ends where it begins, on every so-many-th line of its file. What goes over several lines is tried. */
const sample = {
  shouldIgnore: ({ node: { loc } }) =>
    loc && loc.start.line === loc.end.line && loc.start.line % oneIn !== 0 ? 'not in the sample' : undefined,
};

export const strykerPlugins = [
  { kind: 'Ignore', name: 'prose', value: prose },
  { kind: 'Ignore', name: 'sample', value: sample },
];
