/** The page: what its address names is shown, and what a person does changes the address. */

import { answered } from "./answer.js";
import { showArticle } from "./article.js";
import { listed } from "./list.js";
import { fill } from "./notices.js";
import { asked, go, here, href, parse } from "./place.js";

const form = document.getElementById("ask");
const question = document.getElementById("question");
const found = document.getElementById("found");
const hint = document.getElementById("hint");
const hints = [...hint.childNodes];

let asking = new AbortController();
let shown;

/** Show what the address names; what is there already stays as it is. */
function show({ again = false } = {}) {
  const place = here();
  const q = place.q?.trim() ?? "";
  const wanted = q && href(asked(place));
  document.title = q ? `${q} · qa` : "qa";
  if (wanted !== shown || again) {
    shown = wanted;
    question.value = q;
    asking.abort();
    asking = new AbortController();
    hint.replaceChildren(...hints);
    if (q) fill(found, "Reading the articles…", (options) => answered({ ...place, q }, options), asking.signal);
    else fill(found, "Fetching the list of articles…", listed, asking.signal);
  }
  showArticle(place, again);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const q = question.value.trim();
  if (!q) {
    hint.replaceChildren("Type a question first.");
    question.focus();
  } else if (q === here().q) {
    show({ again: true });
  } else {
    go({ ...asked(here()), q });
  }
});

// Links within the page, opened in this tab: the page notes that going back leads to where they were.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(parse(link.getAttribute("href")));
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches("input, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    question.focus();
    question.select();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [question, ...found.querySelectorAll("[data-stop]")];
  const at = stops.indexOf(event.target);
  if (!step || at < 0 || !stops[at + step]) return;
  event.preventDefault();
  stops[at + step].focus();
});

addEventListener("popstate", () => show());
addEventListener("qa-key", () => show({ again: true }));
show();
if (!location.hash && matchMedia("(hover: hover)").matches) question.focus();
