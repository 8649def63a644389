/** What stands where an answer would: work that goes on, a server that asks to wait, a problem and its way out. */

import { Problem, hasKey, useKey } from "./api.js";
import { announce, el } from "./text.js";

/**
 * Fill a region with what `work` returns; until then with what is going on, and with the problem if there is one.
 * @param {Element} region
 * @param {string} doing said while it lasts
 * @param {(options: object) => Promise<Node[]>} work is called again when a person wants to try again
 * @param {AbortSignal} signal ends it without a word
 */
export async function fill(region, doing, work, signal) {
  region.setAttribute("aria-busy", "true");
  // The style sheet shows the first after 150 ms, the second after 5 s: what comes quickly does not flicker.
  const loading = el("p", { class: "loading" }, doing, el("span", { class: "slow" }, "It takes longer than usual."));
  region.replaceChildren(loading);
  try {
    const nodes = await work({ signal, waiting: (seconds) => region.replaceChildren(countdown(seconds)) });
    signal.throwIfAborted();
    region.replaceChildren(...nodes.filter(Boolean));
  } catch (error) {
    if (signal.aborted) return;
    region.replaceChildren(problem(error, () => fill(region, doing, work, signal)));
    if (!(error instanceof Problem)) console.error(error);
  }
  region.removeAttribute("aria-busy");
}

function countdown(seconds) {
  const left = el("span", {}, String(seconds));
  const timer = setInterval(() => {
    seconds -= 1;
    if (!left.isConnected || seconds < 1) return clearInterval(timer);
    left.textContent = String(seconds);
  }, 1000);
  announce(`The server is busy. Asking again in ${seconds} seconds.`);
  return el("p", { class: "notice" }, "The server is busy. Asking again in ", left, " s.");
}

function problem(error, again) {
  if (error.kind === "key") return keyForm();
  const button = el("button", { type: "button" }, "Try again");
  button.addEventListener("click", again);
  return el("div", { class: "notice", role: "alert" }, el("p", {}, error.message), button);
}

/** Ask for a key; everything that waits for one hears of it by an event. */
function keyForm() {
  const input = el("input", { type: "password", name: "key", autocomplete: "off", required: true });
  const why = hasKey() ? "That key was not accepted." : "This server needs an API key.";
  const form = el(
    "form",
    { class: "notice key" },
    el("p", { role: "alert" }, `${why} Ask who runs it for one.`),
    el("label", {}, "API key", input),
    el("button", {}, "Use this key"),
    el("p", { class: "hint" }, "It stays in this tab and is forgotten when the tab is closed."),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(input.value);
    dispatchEvent(new Event("qa-key"));
  });
  return form;
}
