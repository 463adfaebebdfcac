/**
 * The explorer's exact engine: what a page may use. Documentation only; import from the files named here.
 *
 * Nothing here touches the page, and importing does nothing. Every file uses only `import { a, b } from "./x.js"` and
 * exported functions, classes and constants, so that files can be joined to one script.
 *
 *   rational.js     Rational = {p, q}: rational(p, q), add, subtract, multiply, divide, compare, largest;
 *                   parseRational(text) (null if it is no number), formatRational (p/q), formatDecimal (about six digits),
 *                   numberText (both, as the package writes them), approximate (a float: for drawing only)
 *   sha256.js       SHA-256
 *   lines.js        Refused: an Error with .line, .rule, .expected, .got
 *   geometry.js     border kinds and classes of windows
 *   rounding.js     bounds of float32's errors
 *   statement.js    parseStatement(text) -> Statement {hash, sizes(), least, most, margin, float32, source, task,
 *                   network, kinds}; Task {name, channels, low, high, features, classes}; Network {input, stem, pool,
 *                   width, head}; throws Refused
 *   exact.js        ExactMap {channels, rows, columns, data, scale; at(c, i, j), entry(place), values(), near(place)}:
 *                   exact numbers; imageOver(channels, rows, columns, integers, denominator),
 *                   imageOf(channels, rows, columns, rationals)
 *   task.js         decide(task, image) -> {statuses: [{state, exhibiting, nearest, offending}], configuration,
 *                   satisfied, label, reason}; excessMap(task, image, feature, template), windowCosts(task, image,
 *                   feature, {template, row, column}), pixelOutside(task, image), satisfiedBy(task, configuration)
 *   network.js      evaluate(network, task, image) -> {input, stem: [ExactMap], pooled, reached, head: [ExactMap],
 *                   logits}; isDefined(network, rows, columns)
 *   forms.js        linear forms and rows
 *   circuit.js, local.js, head.js: sequents as the checker derives them from a statement
 *   proof.js        the rules
 *   witness.js      witnessImage(channels, witness) -> ExactMap, of a witness that parseCertificate read (mind its size)
 *   certificate.js  parseCertificate(text) -> {hash, witnesses, facts: [{kind, weights, bound, avoid, feature, template,
 *                   line, blocks: [{line, how, see, windows, end}]}], head: [{kind, label, other, bound, line, end}],
 *                   lines}: the structure only
 *   checker.js      checkCertificate(statementText, certificateText) -> {verdict: "PROVED" | "REJECTED", line, rule,
 *                   expected, got, text}; `text` is the kernel's line. checkInSteps(statementText, certificateText,
 *                   (line, lines) => ..) -> a promise of the same, with the page alive meanwhile (null if the callback
 *                   returned false); checkSteps, a generator
 *   words.js        factSentence(statement, fact), conclusionSentence(statement, conclusion), kindText(statement, kind),
 *                   formText(form, names)
 *   tree.js         proofTree(statement, certificate, {fact, block} or {conclusion}) -> {how, place, variables, rows,
 *                   clauses, goal, interval, same, tree, failure}: one obligation with its proof as a tree; `failure`
 *                   says what is wrong with it. To break a number: change a line of the text, parseCertificate, and open
 *                   the same part again
 */

export {};
