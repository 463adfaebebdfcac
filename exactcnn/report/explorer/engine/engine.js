/**
 * The explorer's exact engine: what a page may use. Documentation only; import from the files named here.
 *
 * Nothing here touches the page. Every file uses only `import { a, b } from "./x.js"` and exported functions, classes and
 * constants, no top-level name occurs in two files, and importing does nothing: the files can be put one after another, in the
 * order in which they are listed here, with their imports and the words `export` taken away.
 *
 *   rational.js    Rational = {p, q}: rational(p, q), add, subtract, multiply, divide, compare, largest; parseRational(text) (null
 *                  if it is no number), formatRational (p/q), formatDecimal (about six digits), numberText (both, as the package
 *                  writes them), approximate (a floating-point number: for drawing only)
 *   sha256.js      SHA-256
 *   lines.js       Refused: an Error with .line, .rule, .expected, .got
 *   geometry.js    border kinds and classes of windows
 *   rounding.js    bounds of float32's errors
 *   statement.js   parseStatement(text) -> Statement {hash, sizes(), least, most, margin, float32, source, task, network, kinds};
 *                  Task {name, channels, low, high, features, classes}, Network {input, stem, pool, width, head}; throws Refused
 *   exact.js       ExactMap {channels, rows, columns, data, scale; at(c, i, j), entry(place), values(), near(place)}: exact numbers;
 *                  imageOver(channels, rows, columns, integers, denominator), imageOf(channels, rows, columns, rationals)
 *   task.js        decide(task, image) -> {statuses: [{state, exhibiting, nearest, offending}], configuration, satisfied, label, reason};
 *                  excessMap(task, image, feature, template), windowCosts(task, image, feature, {template, row, column}),
 *                  pixelOutside(task, image), satisfiedBy(task, configuration)
 *   network.js     evaluate(network, task, image) -> {input, stem: [ExactMap], pooled, reached, head: [ExactMap], logits};
 *                  isDefined(network, rows, columns)
 *
 * To come: certificate.js (parseCertificate), checker.js (checkCertificate), tree.js (proofTree).
 */

export {};
