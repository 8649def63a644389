/** From text to nodes. Nothing on this page parses HTML: what articles say comes in as text and stays text. */

/** Controls, and marks that turn the direction of what follows: they could make a text look like another one. */
const CONTROL = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069])/;

/** Build an element; `children` are nodes or strings, and nothing where there is nothing to say. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== "").map(nodes));
  return element;
}

/** Return a node of exactly this text, in which controls can be seen and turn nothing outside themselves. */
function nodes(child) {
  if (typeof child !== "string") return child;
  const out = document.createDocumentFragment();
  child.split(CONTROL).forEach((piece, number) => {
    if (number % 2 === 0) return out.append(piece);
    const code = piece.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const shown = el("span", { class: "control", "data-code": `U+${code}` });
    shown.append(piece);
    out.append(shown);
  });
  return out;
}

/**
 * Return the code points from `from` to `to`, and what is marked among them.
 *
 * The API counts code points, JavaScript counts UTF-16 units: `points` is `Array.from(text)`, one code point each.
 * @param {string[]} points
 * @param {{start: number, end: number, tag: string, inner?: object[]}[]} marks in order; outside of the range, or
 * overlapping an earlier one, they are cut
 */
export function marked(points, from, to, marks) {
  const out = document.createDocumentFragment();
  const plain = (start, end) => end > start && out.append(nodes(points.slice(start, end).join("")));
  let at = from;
  for (const mark of marks) {
    const start = Math.max(mark.start, at);
    const end = Math.min(mark.end, to);
    if (start >= end) continue;
    plain(at, start);
    out.append(el(mark.tag, {}, marked(points, start, end, mark.inner ?? [])));
    at = end;
  }
  plain(at, to);
  return out;
}

const DATE = /^(\d{4})-(\d\d)(?:-(\d\d))?$/;

/** Return "11 July 2023" for 2023-07-11, "July 2023" for 2023-07, and anything else as the article states it. */
function readable(published) {
  const [, year, month, day] = DATE.exec(published) ?? [];
  const date = new Date(Date.UTC(year, month - 1, day ?? 1));
  if (!year || date.getUTCMonth() !== month - 1) return published;
  return date.toLocaleDateString("en-GB", { timeZone: "UTC", year: "numeric", month: "long", day: day && "numeric" });
}

/** Say who published an article, who wrote it and when, as far as it is known. */
export function byline({ source, author, published }) {
  return [source, author, published && readable(published)].filter(Boolean).join(" · ");
}

/** Return the pages and the section of a quote, as far as its article has them. */
export function within({ start_page, end_page, section }) {
  const pages = start_page && (start_page === end_page ? `p. ${start_page}` : `pp. ${start_page}-${end_page}`);
  return [pages, section].filter(Boolean).join(" · ");
}

/** Link to where an article was published; other addresses than those of the web are no links. */
export function original(url) {
  if (!/^https?:\/\//i.test(url ?? "") || !URL.canParse(url)) return null;
  return el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, "Original ↗");
}

/** Say it to who listens and does not see. */
export function announce(message) {
  document.getElementById("said").textContent = message;
}

/** Count in words: 1 article, 5 articles. */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
