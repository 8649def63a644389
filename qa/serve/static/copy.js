/** A quote with where it is from, for the clipboard: as text, Markdown, BibTeX, JSON, or its link alone. */

import { permalink } from "./place.js";
import { announce, el } from "./text.js";

const FORMATS = {
  Text: (quote) => `“${quote.cited_text}”\n— ${credits(quote).join(", ")}\n${permalink(quote)}`,
  Markdown: markdown,
  BibTeX: bibtex,
  // As `qa ask --json` has it, so that `qa verify FILE` replays it.
  JSON: (quote) => JSON.stringify({ citations: [quote] }, null, 2),
  Link: permalink,
};

/** Return a button for each format. @param {object} quote a citation, or what names the same fields */
export function copyButtons(quote) {
  const buttons = Object.entries(FORMATS).map(([name, format]) => {
    const button = el("button", { type: "button" }, name);
    button.addEventListener("click", async () => {
      const done = await copied(format(quote));
      announce(done ? `Copied: ${name}.` : "The browser did not let this page copy.");
      button.classList.toggle("done", done);
      setTimeout(() => button.classList.remove("done"), 1500);
    });
    return button;
  });
  return el("div", { class: "copy", role: "group", "aria-label": "Copy the quote" }, "Copy", ...buttons);
}

const credits = ({ author, document_title, source, published }) =>
  [author, `“${document_title}”`, source, published].filter(Boolean);

function markdown(quote) {
  const plain = (text) => text.replace(/[\\`*_[\]<>#|]/g, "\\$&").replace(/\s+/g, " ");
  const lines = quote.cited_text.split("\n").map((line) => `> ${line.replace(/[\\`*_[\]<>#|]/g, "\\$&")}`);
  const title = `[${plain(quote.document_title)}](${permalink(quote).replace(/[()]/g, escape)})`;
  const rest = [quote.source, quote.published].filter(Boolean).map(plain);
  return [...lines, ">", `> — ${[quote.author && plain(quote.author), title, ...rest].filter(Boolean).join(", ")}`].join("\n");
}

function bibtex(quote) {
  const { document_id, document_title, source, author, published, url } = quote;
  const key = document_id.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "") || "article";
  const place = `${document_id}, characters ${quote.start_char_index}--${quote.end_char_index}`;
  const fields = {
    title: `{${tex(document_title)}}`,
    author: author && tex(author),
    organization: source && tex(source),
    date: published && tex(published),
    url,
    note: `${tex(place)}: \`\`${tex(quote.cited_text)}''`,
  };
  const lines = Object.entries(fields).filter(([, value]) => value);
  return `@online{${key},\n${lines.map(([name, value]) => `  ${name} = {${value}},`).join("\n")}\n}`;
}

const TEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
const tex = (text) => text.replace(/[\\{}$&#%_^~]/g, (sign) => TEX[sign] ?? `\\${sign}`);

/** Put text on the clipboard; where a page of another machine may not, by way of a selection. */
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  const before = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}
