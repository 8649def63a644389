/** An answer: its quotes with their sources, or that there is none; beneath it the passages, best first. */

import { ask } from "./api.js";
import { copyButtons } from "./copy.js";
import { why } from "./explain.js";
import { filtersOf, narrowing } from "./filters.js";
import { asked, here, href } from "./place.js";
import { announce, byline, count, el, marked, original, within } from "./text.js";

const LONG_QUOTE = 220;

/** Ask what a place asks, and return what to show. */
export async function answered(place, options) {
  const answer = await ask(place.q, filtersOf(place), options);
  const found = answer.status === "answered";
  const sure = `${Math.round(answer.confidence * 100)}%`;
  const heading = `${answer.differing ? "The sources differ" : "Answer"}, ${sure} sure`;
  announce(found ? `${heading}: ${answer.answer}` : "The articles do not answer this.");
  return [narrowing(answer.facets), found ? quotes(answer, sure) : noEvidence(answer, sure), passages(answer, found), searched(answer)];
}

function quotes(answer, sure) {
  const title = answer.differing ? "The sources differ" : "Answer";
  const heading = el("h2", { class: "kicker" }, title, el("span", {}, `${sure} sure`));
  return el("section", { class: "answer" }, heading, ...answer.citations.map((each) => quote(answer, each)));
}

function quote(answer, citation) {
  const points = Array.from(citation.cited_text);
  const length = points.length;
  const words = inner(citation.answer_span, citation.start_char_index);
  return el(
    "figure",
    { class: length > LONG_QUOTE ? "quote long" : "quote" },
    el("blockquote", { dir: "auto" }, el("p", {}, marked(points, 0, length, words))),
    el(
      "figcaption",
      {},
      place(answer, citation, citation.document_title),
      el("span", { class: "byline" }, within(citation) && el("span", { dir: "auto" }, within(citation)), byline(citation), original(citation.url)),
      links("Also in ", citation.also_in),
      citation === answer.citations[0] ? links("Corroborated by ", answer.corroborated_by) : null,
    ),
    el("div", { class: "tools" }, copyButtons(citation), why("Why this?", sumsOf(answer, citation))),
  );
}

/** Link to other articles that say the same. */
function links(how, mentions) {
  if (!mentions.length) return null;
  const named = mentions.flatMap(({ document_id, document_title, source }) => [
    ", ",
    el("a", { dir: "auto", href: href({ ...asked(here()), article: document_id }) }, source ?? document_title),
  ]);
  return el("p", { class: "also" }, how, ...named.slice(1));
}

function sumsOf({ explanation }, { start_char_index, end_char_index }) {
  const same = (each) => each.start_char_index === start_char_index && each.end_char_index === end_char_index;
  const found = explanation?.quotes.find(same);
  return [found && { title: "This quote", total: found.score, parts: found.parts }, certainty(explanation)];
}

const certainty = (explanation) =>
  explanation && {
    title: "That this is an answer (log odds)",
    total: explanation.confidence_logit,
    parts: explanation.confidence_parts,
  };

function noEvidence(answer, sure) {
  return el(
    "section",
    { class: "answer none" },
    el("h2", { class: "kicker" }, "No answer", el("span", {}, `${sure} chance that there is one`)),
    el("p", { class: "plainly" }, "The articles do not answer this."),
    el("p", {}, "Nothing in them says it in so many words. Ask in other words, or about something else."),
    el("div", { class: "tools" }, why("Why not?", [certainty(answer.explanation)])),
  );
}

function passages(answer, found) {
  if (!answer.passages.length) return null;
  return el(
    "section",
    { class: "passages" },
    el("h2", { class: "kicker" }, found ? "The passages, best first" : "Closest, but not an answer"),
    el("ol", {}, ...answer.passages.map((each) => el("li", {}, passage(answer, each)))),
  );
}

function passage(answer, found) {
  const points = Array.from(found.text);
  const from = found.start_char_index;
  const spans = answer.citations.filter((each) => each.passage === found.rank).map((each) => each.answer_span);
  const marks = found.highlights.map(([start, end]) => ({
    start: start - from,
    end: end - from,
    tag: "mark",
    inner: spans.flatMap((span) => inner(span, from)),
  }));
  const explained = answer.explanation?.passages.find((each) => each.rank === found.rank);
  const sum = explained && { title: `Passage ${found.rank}`, total: explained.score, parts: explained.parts };
  const words = explained?.matched_words.length ? `Also in the question: ${explained.matched_words.join(", ")}.` : "";
  return el(
    "article",
    { class: marks.length ? "passage" : "passage short" },
    el("p", { class: "excerpt", dir: "auto" }, marked(points, 0, points.length, marks)),
    el("div", { class: "tools" }, place(answer, found, found.document_title), why("Why this?", [sum], words)),
  );
}

const inner = (span, from) => (span ? [{ start: span[0] - from, end: span[1] - from, tag: "strong" }] : []);

/** Link to a quote or passage in its article; the question stays, so that closing the article returns to it. */
function place(answer, { document_id, start_char_index, end_char_index, document_sha256 }, title) {
  const where = { article: document_id, start: start_char_index, end: end_char_index, sha256: document_sha256 };
  const there = { ...asked(here()), ...where };
  return el("a", { class: "source", "data-stop": true, dir: "auto", href: href(there) }, title);
}

function searched({ index, timing_ms }) {
  const seconds = (timing_ms.total / 1000).toFixed(2);
  return el(
    "p",
    { class: "searched" },
    `${count(index.articles, "article")}, ${count(index.chunks, "chunk")}, ${seconds} s. Nothing left this server.`,
  );
}
