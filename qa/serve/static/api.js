/** Calls of the API: with the key where there is one, as often as the server allows, and with one kind of error. */

const KEY = "qa.key";
const PATIENCE = { tries: 4, seconds: 120 };

/** Why there is no reply; `kind` is "key", "unreachable", "missing", "busy" or "refused". */
export class Problem extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** Keep the key for as long as this tab lives; what no key can hold is left out. */
export const useKey = (key) => sessionStorage.setItem(KEY, key.replace(/[^!-~]/g, ""));

export const hasKey = () => sessionStorage.getItem(KEY) !== null;

/** Ask with the parts of every score. */
export const ask = (question, filters, options) => call("ask", { ...options, body: { question, filters, explain: true } });

export const articles = (options) => call("articles", options);

// Encoded as a whole: an id that looks like a way up the folders stays a name.
export const article = (id, options) => call(`articles/${encodeURIComponent(id)}`, options);

/**
 * Return what the server says; a server that says when to come back is asked again then.
 * @param {{body?: object, signal?: AbortSignal, waiting?: (seconds: number) => void}} options
 */
async function call(path, { body, signal, waiting }) {
  for (let left = PATIENCE.tries; ; left -= 1) {
    const response = await send(path, body, signal);
    const seconds = Number(response.headers.get("retry-after"));
    if (!(seconds > 0)) return read(response);
    if (left === 0 || seconds > PATIENCE.seconds) {
      throw new Problem("busy", `Too many questions here just now. Ask again in ${seconds} s.`);
    }
    waiting?.(seconds);
    await sleep(seconds * 1000, signal);
  }
}

async function send(path, body, signal) {
  const headers = {};
  if (hasKey()) headers.authorization = `Bearer ${sessionStorage.getItem(KEY)}`;
  if (body) headers["content-type"] = "application/json";
  try {
    return await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("unreachable", "The server cannot be reached. Is qa serve still running?");
  }
}

async function read(response) {
  const reply = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem("refused", "The server’s reply was cut off or is not what was expected.");
  });
  if (response.ok) return reply;
  const kind = { 401: "key", 404: "missing" }[response.status] ?? "refused";
  throw new Problem(kind, reply.error?.message ?? `The server said ${response.status}.`);
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
