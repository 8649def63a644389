"""The question and the passages on which a compiled reader is compared with PyTorch."""

from qa.reader.reading import Page

QUESTION = "Why was the harbour of Port Ellery closed on Monday?"
_TEXTS = (
    "The harbour was closed on Monday because of a storm. Ships waited outside the bay.",
    "It rained.",
    "The council of Brackenford voted 23 to 18 on Thursday to sell the old tram depot. “We have waited eleven years for "
    "this,” said its mayor, Tomasz Wren. Opponents, who want a school there, said that they would go to court. He did "
    "not answer them. The depot was built in 1911 and has stood empty since the last tram left it, forty years ago. A "
    "buyer has not been named; three firms from the capital have shown interest, and one of them asked for the plans.",
    "Port Ellery closed its harbour twice last year: in March, when divers were looking for a mine, and on the second "
    "Monday of November, when a crane fell across the only lane that is deep enough for ferries. No one was hurt.",
)
PAGES = tuple(
    Page(header="Port Ellery" if place % 2 else "", text=text, sentences=((0, len(text)),))
    for place, text in enumerate(_TEXTS)
)
