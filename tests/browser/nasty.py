"""Articles that mislead whoever counts characters, and articles that try to run."""

import random
from pathlib import Path

WORDS = (
    *(
        "harbour",
        "storm",
        "minister",
        "ticket",
        "bridge",
        "winter",
        "treaty",
        "railway",
        "museum",
        "election",
    ),
    *("👩‍👩‍👧‍👦", "🇺🇦", "👍🏽", "𝔘𝔫𝔦", "𠀋", "cafe\u0301", "Za\u0328b", "नि\u200d", "e\u0301\u0323", "☕️"),
    *("السلام", "שלום", "東京", "naïve", "co\u00adop", "no\u00a0break", "\u202egnp\u202c", "a\u200bb"),
)
WIDE = frozenset(WORDS[10:20])
"""What UTF-16 or graphemes count differently from code points."""


def write_texts(folder: Path, *, articles: int, sentences: int) -> Path:
    """Write articles of sentences, each with a name of its own by which it can be asked for."""
    chance = random.Random(7)
    for number in range(articles):
        lines = [f"Report {number} 🗞️ from the cafe\u0301"]
        for place in range(sentences):
            words = chance.choices(WORDS, k=9)
            lines.append(f"Q{number}x{place} saw {' '.join(words)} on Monday.")
        chance.shuffle(lines[1:])
        # Front matter, one paragraph or many, headings: the page sets each in blocks of its own.
        joined = (
            "\n\n".join if number % 3 == 0 else " ".join if number % 3 == 1 else "\n\n## More 👍🏽\n\n".join
        )
        front = f"---\ntitle: Report {number} 🗞️\nsource: The Gazette\n---\n\n" if number % 2 else ""
        (folder / f"report {number} ☕#%?.md").write_text(f"{front}{joined(lines)}\n", encoding="utf-8")
    return folder


RUN = "self.pwned=1;alert(1)"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f'"><svg><script>{RUN}<',
    f"' autofocus onfocus={RUN} x='",
    f"javascript:{RUN}",
    f"jAvAsCrIpT:{RUN}",
    f"data:text,<script>{RUN}<",
    f"<iframe srcdoc='<script>{RUN}<'>",
    f"<a href=javascript:{RUN}>press</a>",
    f"[press](javascript:{RUN})",
    "![seen](http://evil.example/leak.png)",
    "<img src=http://evil.example/leak.png>",
    "<link rel=stylesheet href=http://evil.example/leak.css>",
    "<style>@import 'http://evil.example/leak.css';<",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<base href=http://evil.example/>",
    f"<details open ontoggle={RUN}>",
    f"</title><script>{RUN}</script>",
    f"<!--><script>{RUN}</script>",
    "{{constructor.constructor('self.pwned=1')()}}",
    "${self.pwned=1}",
    f"<math><mtext><table><mglyph><style><img src onerror={RUN}>",
    f"<template><script>{RUN}</script></template>",
    "\u202e<script>self.pwned=1</script>",
)


def write_payloads(folder: Path, *, articles: int) -> Path:
    """Write articles that hold a payload in title, metadata, body and, as far as one can, file name."""
    for number in range(articles):
        payload = PAYLOADS[number % len(PAYLOADS)]
        quoted = "'" + payload.replace("'", "''") + "'"
        fields = ("title", "source", "author", "published", "url")
        front = "".join(f"{field}: {quoted}\n" for field in fields if (number + len(field)) % 4)
        body = f"# {payload}\n\nThe harbour of number{number} was closed {payload} because of a storm.\n\n{payload}\n"
        name = payload.replace("/", "").replace("\u202e", "")
        (folder / f"{number} {name}.md").write_text(f"---\n{front}---\n\n{body}", encoding="utf-8")
    return folder
