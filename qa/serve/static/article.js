/** An article in place: its stored text, character by character, scrolled to the quote that a link names. */

import { Problem, article } from "./api.js";
import { copyButtons } from "./copy.js";
import { fill } from "./notices.js";
import { complete, here, leave } from "./place.js";
import { announce, byline, el, marked, original } from "./text.js";

const dialog = document.getElementById("article");
// A heading, a paragraph or empty lines, each with the line breaks that follow: every character is in a block.
const FRONT_MATTER = /^---\n[^]*?\n---(?:\n+|$)/;
const BLOCK = /^(?:(#{1,6}) [^\n]*\n*|\n+|[^\n]+(?:\n[^\n]+)*\n*)/;

let loading = new AbortController();
let shown = "";

// Esc, the close button and a click beside the article all end here; so does the back button, with nothing to do.
dialog.addEventListener("close", () => {
  if (dialog.open) return;
  shown = "";
  loading.abort();
  if (here().article) leave();
});

/** Open the article of a place, or close the one that is open. @param {import("./place.js").Place} place */
export function showArticle(place, again = false) {
  const wanted = place.article === undefined ? "" : location.hash;
  if (wanted === shown && !again) return;
  loading.abort();
  loading = new AbortController();
  shown = wanted;
  if (!wanted) return dialog.close();
  const content = el("div", { class: "sheet" });
  const close = el("button", { type: "button", class: "close", "aria-label": "Close the article" }, "×");
  close.addEventListener("click", () => dialog.close());
  const waiting = el("h2", { id: "article-title", class: "unseen" }, "Article");
  dialog.replaceChildren(close, waiting, content);
  if (!dialog.open) dialog.showModal();
  return fill(content, "Opening the article…", (options) => opened(place, options, waiting), loading.signal).then(() => {
    const text = dialog.querySelector(".text");
    text?.focus({ preventScroll: true });
    text?.querySelector("mark")?.scrollIntoView({ block: "center" });
  });
}

async function opened(place, options, title) {
  const found = await article(place.article, options).catch((error) => {
    if (error instanceof Problem && error.kind === "missing") return null;
    throw error;
  });
  if (!found) {
    title.classList.remove("unseen");
    title.replaceChildren("This article is gone.");
    announce("This article is gone.");
    return [el("p", { class: "notice" }, `No article ${place.article} is in the index any more.`)];
  }
  const points = Array.from(found.text);
  const { note, marks } = check(place, found, points.length);
  title.remove();
  announce(note ?? (marks.length ? "The quote is marked in the article." : "The article is open."));
  const quote = marks.length ? cited(found, points, place) : null;
  if (quote && !place.sha256) shown = complete(place, found.document_sha256);
  return [
    el(
      "div",
      { class: "head" },
      el("h2", { id: "article-title", dir: "auto" }, found.document_title),
      el("p", { class: "byline" }, byline(found), original(found.url)),
      quote && copyButtons(quote),
      note && el("p", { class: "notice" }, note),
    ),
    el("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Text of the article" }, ...blocks(points, marks)),
  ];
}

/** Decide what to mark: nothing at all rather than other words than those that were quoted. */
function check({ start, end, sha256 }, found, length) {
  if (sha256 && sha256 !== found.document_sha256) {
    const note = "This article has changed since it was quoted, so nothing is marked. Here is how it reads now.";
    return { note, marks: [] };
  }
  if (start === undefined && end === undefined) return { marks: [] };
  if (!(start < end && end <= length)) return { note: "The link names no place in this article.", marks: [] };
  return { marks: [{ start, end, tag: "mark" }] };
}

function cited(found, points, { start, end }) {
  const { document_id, document_title, source, author, published, url, document_sha256 } = found;
  const place = { start_char_index: start, end_char_index: end, cited_text: points.slice(start, end).join("") };
  return { document_id, document_title, source, author, published, url, ...place, document_sha256 };
}

/** Set the text in blocks; together they hold exactly its characters. */
function blocks(points, marks) {
  const out = [];
  let rest = points.join("");
  for (let at = 0; rest; ) {
    const front = at === 0 && FRONT_MATTER.exec(rest);
    const [block, hashes] = front || BLOCK.exec(rest);
    const end = at + Array.from(block).length;
    const tag = hashes ? `h${Math.min(hashes.length + 2, 6)}` : "p";
    const words = at + (hashes?.length ?? 0);
    const signs = hashes && el("span", { class: "hashes" }, marked(points, at, words, marks));
    out.push(el(tag, { dir: "auto", class: front && "front" }, signs, marked(points, words, end, marks)));
    at = end;
    rest = rest.slice(block.length);
  }
  return out;
}
