/** The list of the articles, with a filter, a screenful at a time. */

import { articles } from "./api.js";
import { href } from "./place.js";
import { announce, byline, count, el } from "./text.js";

const AT_ONCE = 60;
const FEW = 8;

/** Return the list. */
export async function listed(options) {
  const { articles: all } = await articles(options);
  if (!all.length) return [empty()];
  const rows = el("ul", { class: "articles" });
  const more = el("button", { type: "button", class: "more" }, "Show more");
  const filter = el("input", { type: "search", "aria-label": "Filter the articles", placeholder: "Filter" });
  const chunks = all.reduce((sum, each) => sum + each.chunks, 0);
  let matching = all;

  const extend = () => {
    const next = matching.slice(rows.children.length, rows.children.length + AT_ONCE);
    rows.append(...next.map(row));
    more.hidden = rows.children.length === matching.length;
  };
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    matching = all.filter((each) => words.every((word) => haystack(each).includes(word)));
    rows.replaceChildren();
    extend();
    announce(`${count(matching.length, "article")} left.`);
  });
  more.addEventListener("click", extend);
  extend();
  const total = el("span", {}, `${count(all.length, "article")}, ${count(chunks, "chunk")}`);
  const heading = el("h2", { class: "kicker" }, "The articles", total);
  return [el("section", {}, heading, all.length > FEW ? filter : null, rows, more)];
}

const haystack = (each) => [each.document_title, each.document_id, byline(each)].join("\n").toLowerCase();

function row(each) {
  return el(
    "li",
    {},
    el("a", { class: "source", "data-stop": true, dir: "auto", href: href({ article: each.document_id }) }, each.document_title),
    el("p", { class: "byline" }, el("span", {}, byline(each) || each.document_id), el("span", {}, count(each.chunks, "chunk"))),
  );
}

function empty() {
  return el(
    "div",
    { class: "notice" },
    el("p", {}, "There are no articles yet."),
    el("p", {}, "Put some into a folder, as .md or .txt files, and run ", el("code", {}, "qa index FOLDER"), "."),
  );
}
