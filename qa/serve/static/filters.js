/** Buttons that narrow an answer to a source, a language or a year: those that are active, then what there is. */

import { asked, go, here } from "./place.js";
import { count, el } from "./text.js";

const NAMES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
const MOST = 5;

/** Return what the API takes as `filters`. @param {import("./place.js").Place} place */
export function filtersOf({ source, language, since, until }) {
  const values = { source: source && [source], language: language && [language], since, until };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/** Return a group of toggle buttons, nothing where an answer can be neither narrowed nor widened. */
export function narrowing(facets) {
  const { source, language, since, until } = here();
  const buttons = [
    source && active(source, { source: undefined }),
    language && active(named(language), { language: undefined }),
    (since || until) && active(period(since, until), { since: undefined, until: undefined }),
    ...(source ? [] : offered(facets.source, String, (value) => ({ source: value }))),
    ...(language ? [] : offered(facets.language, named, (value) => ({ language: value }))),
    ...(since || until ? [] : offered(facets.year, String, (value) => ({ since: value, until: value }))),
  ].filter(Boolean);
  return buttons.length ? el("div", { class: "filters", role: "group", "aria-label": "Narrow the answer" }, ...buttons) : null;
}

const active = (text, change) => toggle(el("button", { type: "button", "aria-pressed": "true" }, text), change);

function offered(values, text, change) {
  if (values.length < 2) return [];
  return values.slice(0, MOST).map(({ value, articles }) => {
    const number = el("span", { title: count(articles, "article") }, String(articles));
    return toggle(el("button", { type: "button", "aria-pressed": "false", dir: "auto" }, text(value), " ", number), change(value));
  });
}

function toggle(button, change) {
  button.addEventListener("click", () => {
    document.getElementById("found").focus({ preventScroll: true }); // the button goes, and what comes is there
    go({ ...asked(here()), ...change });
  });
  return button;
}

function named(language) {
  try {
    return NAMES.of(language);
  } catch {
    return language; // an article may name anything
  }
}

function period(since, until) {
  if (since === until) return since;
  return [since && `since ${since}`, until && `until ${until}`].filter(Boolean).join(" ");
}
