/** Why this: what a score is the sum of, folded away. */

import { el } from "./text.js";

// docs/quality.md says what each sign is; one that is new here is shown by its own name.
const SIGNS = {
  dense: "similar meaning",
  lexical: "same words",
  relevant: "relevant, says the reader",
  cosine: "similar meaning",
  coverage: "rare words of the question",
  open: "the same, not in the headline",
  figure: "a number or date, as asked",
  named: "a name or reason, as asked",
  passage: "score of the passage",
  span: "words that answer, says the reader",
  constant: "where every answer starts",
  passage_coverage: "rare words in the passages",
  quote_coverage: "rare words in the quote",
  quote_cosine: "similar meaning of the quote",
  kind_missing: "lacks the number or name asked for",
  lead: "lead over the next passage",
  answered: "an answer, says the reader",
};

/**
 * Fold away tables of parts.
 * @param {{title: string, total: number, parts: {name: string, adds: number}[]}[]} sums
 * @param {string} [note] said below
 */
export function why(label, sums, note) {
  const known = sums.filter(Boolean);
  if (!known.length) return null;
  return el("details", { class: "why" }, el("summary", {}, label), ...known.map(table), note && el("p", {}, note));
}

function table({ title, total, parts }) {
  const shown = parts.filter((part) => Math.abs(part.adds) >= 0.005);
  const most = Math.max(...shown.map((part) => Math.abs(part.adds)), Number.EPSILON);
  return el(
    "table",
    {},
    el("caption", {}, `${title} `, el("b", {}, signed(total))),
    el("tbody", {}, ...shown.map((part) => row(part, most))),
  );
}

function row({ name, adds }, most) {
  const bar = el("span", { class: adds < 0 ? "bar less" : "bar" });
  bar.style.setProperty("--share", Math.abs(adds) / most);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, SIGNS[name] ?? name),
    el("td", { class: "bars" }, bar),
    el("td", { class: "number" }, signed(adds)),
  );
}

const signed = (number) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`;
