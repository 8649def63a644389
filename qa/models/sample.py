"""The texts on which a compiled model is compared with the reference."""

from collections.abc import Sequence
from itertools import accumulate

from qa.types import Span

_SAMPLE: tuple[tuple[str, ...], ...] = (
    ("Who closed the harbour?",),
    ("",),
    ("Yes.", "…"),
    (
        "The harbour was closed on Monday because of a storm.",
        "Ships waited outside the bay, and two of them asked for help during the night.",
        "It reopened on Tuesday, and forty thousand tonnes of grain left it before the end of the week.",
    ),
    (
        "In a letter of 14 March 2019, No. 1,482/B, Dr. Ines Okafor-Lindqvist asked for €3.75 million.",
        "She got 61.5% of it (about US$2.6m) on 02/07/2020, at 09:45.",
    ),
    (
        "The council of Brackenford voted 23 to 18 on Thursday to sell the old tram depot.",
        "“We have waited eleven years for this,” said its mayor, Tomasz Wren.",
        "Opponents, who want a school there, said that they would go to court.",
        "He did not answer them.",
    ),
    (
        "Rice prices rose by a fifth in May, the ministry said.",
        "Officials blamed the late rains; traders blamed the officials.",
        "In the northern provinces, where most families spend half of what they earn on food, three mills have shut.",
        "The government will open its stores next week, but those hold enough for nine days only.",
        "A similar step in 2008 brought prices down for a month.",
        "Then they doubled.",
    ),
    (
        "A new telescope in the Atacama desert has found water in the air of a planet 120 light years away.",
        "The planet, which is twice as wide as the Earth, goes around its star in 33 days.",
        "That does not mean that anything lives there, its discoverers warn: the signal could come from the star.",
        "They have asked for forty more hours of observation.",
        "Other groups doubt the result, since an earlier one of the same kind was withdrawn.",
        "“If it holds, it is the find of the decade,” said an astronomer who was not part of the work.",
        "“If it does not, we have learnt how our instrument lies to us.”",
        "The data will be public in January.",
    ),
    (
        "The strike began at dawn in the four largest ports, and by noon no crane was moving.",
        "The union asks for a shorter week and for a say in which work is given to machines.",
        "The owners offer 4% more pay this year and 3% in each of the next two.",
        "Neither side has spoken to the other since the talks ended on Saturday without a date for more.",
        "About 90 ships are at anchor off the coast, among them eleven with medicines and nine with live animals.",
        "Car makers in three neighbouring countries have enough parts for a week.",
        "The minister of transport, Adaeze Holmqvist, could order the crews back to work for sixty days.",
        "She has said that she would rather not, because the last such order was broken.",
        "Economists put the cost at 210 million a day, a figure that the union calls an invention.",
        "Shops have told their customers not to hoard, which, as one grocer said, “is how you start it”.",
        "In the old town, where most of the dockers live, people brought them soup.",
    ),
    ("def mean(values):", "return sum(values) / len(values)  # fails when there are none"),
    ("Der Hafen blieb wegen des Sturms geschlossen.", "Über vierzig Schiffe warteten draußen auf Einlaß."),
    ("港口因风暴而关闭。", "船只在海湾外等候。", "星期二重新开放。"),
    ("Порт закрыли из-за шторма.", "Корабли ждали снаружи."),
    ("أُغلق الميناء بسبب العاصفة.", "انتظرت السفن في الخارج."),
    ("तूफ़ान के कारण बंदरगाह बंद था।", "जहाज़ बाहर रुके रहे।"),
    ("Storm again 🌊🚢 #harbour", "closed till Tuesday 😬👩🏽‍🚀", "see www.port.example/alerts?id=7&lang=en"),
    # Longer than most models read: both must cut it at the same token.
    tuple(f"Line {number} of the list names a ship, its flag and its berth." for number in range(1, 61)),
)


def _spans(sentences: Sequence[str]) -> list[Span]:
    """Return where the sentences stand, joined by one space."""
    ends = accumulate(len(sentence) + 1 for sentence in sentences)
    return [(end - len(sentence) - 1, end - 1) for sentence, end in zip(sentences, ends, strict=True)]


TEXTS = [" ".join(sentences) for sentences in _SAMPLE]
SENTENCES = [_spans(sentences) for sentences in _SAMPLE]
QUESTIONS = [text for text, spans in zip(TEXTS, SENTENCES, strict=True) if len(spans) <= 2]
"""The short ones."""
