/**
 * What the page shows is written in the fragment of its address: a copied address shows the same to someone else,
 * and browsers never send a fragment to a server or into its log.
 *
 * `#q=...` is a question, which `source`, `language`, `since` and `until` narrow;
 * `#article=...&start=..&end=..&sha256=..` a place in an article; both may be there.
 */

const ASKED = ["q", "source", "language", "since", "until"];
const NUMBER = /^\d{1,9}$/;
const DATE = /^[1-9]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;

/**
 * @typedef {{q?: string, source?: string, language?: string, since?: string, until?: string,
 *   article?: string, start?: number, end?: number, sha256?: string}} Place
 */

/** Read a place out of a fragment. @returns {Place} */
export function parse(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const place = {};
  for (const name of [...ASKED, "article", "sha256"]) if (given.get(name)) place[name] = given.get(name);
  for (const name of ["since", "until"]) if (!DATE.test(place[name] ?? "")) delete place[name];
  for (const name of ["start", "end"]) if (NUMBER.test(given.get(name) ?? "")) place[name] = Number(given.get(name));
  return place;
}

export const here = () => parse(location.hash);

/** Return what of a place is asked: the question, and what narrows it. @param {Place} place @returns {Place} */
export const asked = (place) => Object.fromEntries(ASKED.map((name) => [name, place[name]]));

/** Write a place as a fragment. @param {Place} place */
export function href(place) {
  const known = Object.entries(place).filter(([, value]) => value !== undefined);
  return `#${new URLSearchParams(known)}`;
}

/** Return the address that shows a quote to someone else. */
export function permalink({ document_id, start_char_index, end_char_index, document_sha256 }) {
  const place = { article: document_id, start: start_char_index, end: end_char_index, sha256: document_sha256 };
  return new URL(href(place), location.href).href;
}

/** Show another place; the back button returns to this one. */
export function go(place) {
  history.pushState({ inside: true }, "", href(place));
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Add the hash of the article to an address that lacks it: so it can tell, later on, that the article has changed. */
export function complete(place, sha256) {
  history.replaceState(history.state, "", href({ ...place, sha256 }));
  return location.hash;
}

/** Leave the article for what was there before it, or would have been. */
export function leave() {
  const place = asked(here());
  if (history.state?.inside) return history.back();
  history.replaceState(null, "", href(place));
  dispatchEvent(new PopStateEvent("popstate"));
}
