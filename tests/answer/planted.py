"""Articles in which a fact changes: an older and a newer report of it, written differently, among others."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PLACES = (
    "Ardvale",
    "Brenholm",
    "Corrick",
    "Dunmere",
    "Eskby",
    "Farnow",
    "Gellick",
    "Hartsund",
    "Ilvern",
    "Jorrow",
)
PEOPLE = (
    "Mira Tolland", "Anton Keswick", "Lena Farrow", "Oskar Brandt", "Ruth Calloway", "Ivo Steiner", "Nadia Prowse",
    "Paul Renning", "Greta Holm", "Simon Ashby", "Vera Lindqvist", "Tomas Eddery", "Clara Voss", "Henry Maddox",
    "Ines Corvo", "Jakob Thorne", "Petra Wynn", "Luis Ferrand", "Hanna Osk", "David Pryce",
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """What is asked, two ways of reporting it, and two values in words."""

    question: str
    reports: tuple[str, str]
    values: Sequence[str]


def facts(seed: int, *, fitted: bool) -> list[Fact]:
    """Return facts, each of another subject: of the kinds on which qa.answer.newer was fitted, or of the others."""
    chance = random.Random(seed)
    names = list(PEOPLE) * 7
    chance.shuffle(names)
    found = []
    for place in PLACES:
        low, high = sorted(chance.sample(range(12, 95), 2))
        kinds = [
            (
                f"Who is {{}}the mayor of {place}?",
                (
                    f"{{}} is the mayor of {place}.",
                    f"The mayor of {place}, {{}}, opened the new library on Monday.",
                ),
                (names.pop(), names.pop()),
            ),
            (
                f"Who {{}}runs the {place} football club?",
                (
                    f"The {place} football club is run by {{}}.",
                    f"As head of the {place} football club, {{}} signs every player.",
                ),
                (names.pop(), names.pop()),
            ),
            (
                f"How much is {{}}the toll on the {place} bridge?",
                (
                    f"Drivers pay a toll of {{}} crowns on the {place} bridge.",
                    f"The toll on the {place} bridge is {{}} crowns a car.",
                ),
                (str(low), str(high)),
            ),
            (
                f"How many beds does the hospital in {place} {{}}have?",
                (
                    f"The hospital in {place} has {{}} beds.",
                    f"With {{}} beds, the hospital in {place} serves three valleys.",
                ),
                (str(high * 7), str(low * 7)),
            ),
            (
                f"Where is {{}}the {place} market held?",
                (
                    f"The {place} market is held in {{}}.",
                    f"Traders of the {place} market set up their stalls in {{}}.",
                ),
                (f"Mill Street {low}", f"Castle Square {high}"),
            ),
            (
                f"Which company {{}}runs the ferry to {place}?",
                (f"The ferry to {place} is run by {{}}.", f"{{}} runs the ferry to {place} twice a day."),
                (
                    f"{chance.choice(('North', 'East'))} Line",
                    f"{chance.choice(('Harbour', 'Island'))} Ferries",
                ),
            ),
            (
                f"What colour {{}}are the trams of {place}?",
                (f"The trams of {place} are painted {{}}.", f"In {place} people wait for {{}} trams."),
                chance.sample(("red", "green", "blue", "yellow"), 2),
            ),
            (
                f"Who {{}}teaches at the {place} music school?",
                (
                    f"At the {place} music school the teacher is {{}}.",
                    f"Pupils of the {place} music school learn from {{}}.",
                ),
                (names.pop(), names.pop()),
            ),
            (
                f"How many people {{}}live in {place}?",
                (
                    f"{place} has {{}} inhabitants.",
                    f"Some {{}} people live in {place}, the census office says.",
                ),
                (str(low * 1000), str(high * 1000)),
            ),
            (
                f"When does the {place} swimming pool {{}}open?",
                (
                    f"The swimming pool of {place} opens at {{}}.",
                    f"Swimmers can enter the {place} pool from {{}} on.",
                ),
                chance.sample(("six in the morning", "seven o'clock", "half past eight", "nine"), 2),
            ),
            (
                f"Which river {{}}gives {place} its water?",
                (
                    f"{place} takes its drinking water from the {{}}.",
                    f"The taps of {place} run with water of the {{}}.",
                ),
                chance.sample(("Lorn", "Tavel", "Wey", "Oster"), 2),
            ),
            (
                f"Who {{}}owns the {place} castle?",
                (
                    f"The castle of {place} is owned by {{}}.",
                    f"{{}}, owner of {place} castle, lets visitors in on Sundays.",
                ),
                (names.pop(), names.pop()),
            ),
            (
                f"What is {{}}the fine for littering in {place}?",
                (
                    f"In {place} littering costs a fine of {{}} crowns.",
                    f"{place} fines people who litter {{}} crowns.",
                ),
                (str(low * 3), str(high * 3)),
            ),
            (
                f"Who {{}}conducts the {place} orchestra?",
                (
                    f"{{}} conducts the {place} orchestra.",
                    f"The {place} orchestra plays under the baton of {{}}.",
                ),
                (names.pop(), names.pop()),
            ),
            (
                f"How many buses does {place} {{}}have?",
                (
                    f"{place} has {{}} buses.",
                    f"The fleet of {place} numbers {{}} buses, most of them electric.",
                ),
                (str(high), str(low)),
            ),
            (
                f"Which newspaper is {{}}printed in {place}?",
                (
                    f"The {{}} is printed in {place}.",
                    f"A printing house in {place} prints the {{}} every night.",
                ),
                chance.sample(("Morning Herald", "Valley Post", "Weekly Mirror", "Coast Courier"), 2),
            ),
            (
                f"Where does the town council of {place} {{}}meet?",
                (
                    f"The town council of {place} meets in the {{}}.",
                    f"For its meetings the town council of {place} uses the {{}}.",
                ),
                chance.sample(("old mill", "new town hall", "school gym", "corn exchange"), 2),
            ),
            (
                f"Who is {{}}the police chief of {place}?",
                (
                    f"Police chief of {place} is {{}}.",
                    f"{{}}, who heads the police in {place}, asked for more staff.",
                ),
                (names.pop(), names.pop()),
            ),
        ]
        found += [Fact(*kind) for kind in (kinds[:12] if fitted else kinds[12:])]
    return found


def write_pairs(folder: Path, planted: list[Fact], *, seed: int) -> dict[str, tuple[str, str]]:
    """Write an older and a newer report of each fact; return by question the ids of both."""
    chance = random.Random(seed)
    ids = {}
    for number, fact in enumerate(planted):
        reports = chance.sample(fact.reports, 2)
        years = sorted(chance.sample(range(2009, 2024), 2))
        # Which report has the older date does not follow the order of ids.
        names = chance.sample((f"a{number:02}.md", f"b{number:02}.md"), 2)
        for name, report, value, year in zip(names, reports, fact.values, years, strict=True):
            lines = chance.sample(FILLERS, 3)
            lines.insert(chance.randrange(4), report.format(value))
            (folder / name).write_text(
                f"---\npublished: {year}-{chance.randrange(1, 13):02}\n---\n# News of the week {chance.randrange(900)}\n\n"
                + " ".join(lines)
                + "\n",
                encoding="utf-8",
            )
        ids[fact.question] = (names[0], names[1])
    return ids


FILLERS = (
    "Rain is expected towards the weekend.",
    "The council met on Tuesday and spoke for two hours about parking.",
    "Schools were closed for a day because of the storm.",
    "A bakery won the prize for the best bread of the region.",
    "Farmers said that the harvest had been good.",
    "The choir gave a concert in the church.",
    "Two roads were repaired during the summer.",
    "The museum showed photographs of the old harbour.",
)
