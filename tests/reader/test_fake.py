"""The reader without weights: it knows what it is about and where to look."""

from qa.reader import FakeReader, Page

PAGES = [
    Page("", "It rained. The storm broke the northern mole.", ((0, 10), (11, 45))),
    Page("", "Grain was sold.", ((0, 15),)),
]


def test_shared_words_are_relevant_and_new_words_answer() -> None:
    about, other = FakeReader().read("What broke the mole?", PAGES)
    assert about.relevant > other.relevant
    rain, storm = about.spans
    assert rain is not None
    assert storm is not None
    assert storm.score > rain.score
    assert PAGES[0].text[storm.start : storm.end] == "northern"


def test_it_reads_as_many_as_it_is_told() -> None:
    assert len(FakeReader(at_most=1).read("What?", PAGES)) == 1


def test_a_sentence_without_words_has_no_span() -> None:
    [reading] = FakeReader().read("What?", [Page("", "... !", ((0, 3), (4, 5)))])
    assert reading.spans == (None, None)
