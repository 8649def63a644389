"""The lexical leg: BM25 scores of every (term, chunk) pair, computed when the index is built.

Eager sparse scoring after Lù, "BM25S" (2024); the test suite compares with that library. It is not used here
since it builds from all tokens in memory and numbers terms in another order in every process.
"""

import json
import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import IndexDamagedError
from qa.index.arrays import RowFile, StoredArray, StoredFile, array_header, read_array, write_array
from qa.index.tokenise import STEMMER, TERMS_VERSION, question_terms, terms
from qa.index.words import ENGLISH, term_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BM25_K1, BM25_B = 0.9, 0.4
LEXICAL_SETTINGS: Mapping[str, str | float] = {
    "method": "lucene",
    "k1": BM25_K1,
    "b": BM25_B,
    "stemmer": STEMMER,
    "terms_version": TERMS_VERSION,
}
"""Everything that shapes the lexical leg."""

TERMS, TERM_ENDS = "terms.bin", "term_ends.npy"
SCORES, CHUNKS, STARTS = "scores.npy", "chunks.npy", "starts.npy"
LANGUAGES = "languages.json"
POSTINGS_IN_MEMORY = 1 << 21
_POSTING_BYTES = 8


class LexicalIndex:
    """A compressed sparse column matrix, one column a term, read from disk as terms are asked for."""

    def __init__(self, files: Mapping[str, StoredFile], *, rows: int) -> None:
        """Read what `LexicalWriter` wrote.

        Raises IndexDamagedError when the arrays do not fit together.
        """
        import numpy as np

        try:
            # Format 1 has all terms in one object; later ones find a term without reading the others.
            self._terms = _JsonTerms(files["terms.json"]) if "terms.json" in files else _SortedTerms(files)
            self._scores = StoredArray(files[SCORES], np.float32)
            self._chunks = StoredArray(files[CHUNKS], np.int32)
            self._starts = read_array(files[STARTS], np.int64)
            self.languages = _languages(files)
            """In which the chunks' terms are, ISO 639-1, sorted."""
        except (KeyError, ValueError) as error:
            raise IndexDamagedError(
                f"The lexical index cannot be read: {error!r}. Run: qa index FOLDER"
            ) from error
        if not (
            self._starts.shape == (len(self._terms) + 1,)
            and self._scores.shape == self._chunks.shape == (self._starts[-1],)
            and self._starts[0] == 0
            and (np.diff(self._starts) >= 0).all()
        ):
            raise IndexDamagedError(
                "The lexical index's arrays do not fit together. Build it again: qa index FOLDER"
            )
        self._rows = rows

    def scores(self, question: str) -> "NDArray[np.float32]":
        """Return the BM25 score of every chunk, shape (rows,), for the question's terms in every language.

        Raises IndexDamagedError when the index names a chunk that does not exist.
        """
        import numpy as np

        result = np.zeros(self._rows, dtype=np.float32)
        asked = question_terms(question, self.languages)
        for term in dict.fromkeys(chain.from_iterable(asked.values())):
            number = self._terms.number(term)
            if number is not None:
                postings = [(int(self._starts[number]), int(self._starts[number + 1]))]
                # Unsigned, so that a negative row is as far out of range as one too large.
                chunks = self._chunks.rows(postings).view(np.uint32)
                try:
                    result[chunks] += self._scores.rows(postings)
                except IndexError as error:
                    raise IndexDamagedError(
                        f"The lexical index is damaged: {error}. Run: qa index FOLDER"
                    ) from error
        return result

    def idf(self, term: str) -> float:
        """Return ln(1 + (N - n + 0.5) / (n + 0.5)), N chunks of which n hold the term (Lucene's BM25)."""
        number = self._terms.number(term)
        n = 0 if number is None else int(self._starts[number + 1] - self._starts[number])
        return math.log(1 + (self._rows - n + 0.5) / (n + 0.5))


def _languages(files: Mapping[str, StoredFile]) -> tuple[str, ...]:
    if LANGUAGES not in files:  # written when all terms were English
        return (ENGLISH,)
    found = json.loads(bytes(files[LANGUAGES].map()))
    if not isinstance(found, list) or not all(isinstance(language, str) for language in found):
        raise ValueError(f"{LANGUAGES} does not list languages")
    return tuple(found)


class _SortedTerms:
    """Terms in the order of their UTF-8 bytes, one after the other, found by halving."""

    def __init__(self, files: Mapping[str, StoredFile]) -> None:
        import numpy as np

        self._text = files[TERMS].map()
        self._ends = read_array(files[TERM_ENDS], np.int64)
        if self._ends.ndim != 1 or (self._ends[-1] if len(self._ends) else 0) != len(self._text):
            raise IndexDamagedError(
                "The terms do not fit their places. Build the index again: qa index FOLDER"
            )

    def __len__(self) -> int:
        return len(self._ends)

    def number(self, term: str) -> int | None:
        data = term.encode("utf-8")
        number = bisect_left(range(len(self._ends)), data, key=self._term)
        return number if number < len(self._ends) and self._term(number) == data else None

    def _term(self, number: int) -> bytes:
        start = int(self._ends[number - 1]) if number else 0
        return bytes(self._text[start : int(self._ends[number])])


class _JsonTerms:
    """Terms with their numbers, as format 1 has them."""

    def __init__(self, file: StoredFile) -> None:
        names = json.loads(bytes(file.map()))
        if not isinstance(names, dict) or list(names.values()) != list(range(len(names))):
            raise ValueError("terms.json does not number terms")
        self._numbers: dict[str, int] = names

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, term: str) -> int | None:
        return self._numbers.get(term)


class LexicalWriter:
    """Takes texts one by one and writes the index of them.

    Memory holds the distinct terms, 4 bytes a chunk and `POSTINGS_IN_MEMORY` postings; the rest waits in a
    file beside.
    """

    def __init__(self, folder: Path) -> None:
        """Begin in an empty folder."""
        self._folder = folder
        self._numbers: dict[str, int] = {}
        # Term, chunk and count of the postings that are not in the file yet.
        self._columns_in_memory = (array("i"), array("i"), array("i"))
        self._lengths = array("i")  # of each chunk, in terms
        self._languages: set[str] = set()
        self._spilled = folder / "postings.tmp"
        self._block_sizes: list[int] = []
        self._postings = 0

    @property
    def final_bytes(self) -> int:
        """About how much the finished files will take."""
        terms_bytes = sum(map(len, self._numbers)) * 5 // 4 + 16 * len(self._numbers)
        return self._postings * _POSTING_BYTES + terms_bytes + 512

    def add(self, text: str, language: str | None) -> None:
        """Add the next chunk."""
        self._languages.add(term_language(language))
        counts = Counter(terms(text, language))
        found, chunks, times = self._columns_in_memory
        for term, count in counts.items():
            found.append(self._numbers.setdefault(term, len(self._numbers)))
            chunks.append(len(self._lengths))
            times.append(count)
        self._lengths.append(counts.total())
        self._postings += len(counts)
        if len(found) >= POSTINGS_IN_MEMORY // 4:
            self._flush()

    def finish(self) -> None:
        """Write the files.

        A posting's score is idf * tf / (tf + k1 * (1 - b + b * length / mean length)), idf as in `idf` above.
        """
        import numpy as np

        self._flush()
        (self._folder / LANGUAGES).write_text(json.dumps(sorted(self._languages)) + "\n", encoding="ascii")
        words = [word.encode("utf-8") for word in self._numbers]
        order = sorted(range(len(words)), key=words.__getitem__)
        (self._folder / TERMS).write_bytes(b"".join(words[old] for old in order))
        ends = np.cumsum([len(words[old]) for old in order], dtype=np.int64)
        (self._folder / TERM_ENDS).write_bytes(write_array(ends))
        place = np.empty(len(words), dtype=np.int32)
        place[order] = np.arange(len(words), dtype=np.int32)
        frequency = np.zeros(len(words), dtype=np.int64)
        for found, _, _ in self._blocks():
            frequency += np.bincount(place[found], minlength=len(words))
        starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        (self._folder / STARTS).write_bytes(write_array(starts))
        chunks = len(self._lengths)
        idf = np.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))
        lengths = np.array(self._lengths, dtype=np.int32)
        norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(lengths.sum() / max(chunks, 1), 1e-9))
        with self._file(CHUNKS, np.int32) as rows, self._file(SCORES, np.float32) as scores:
            for first, last in _ranges(starts):
                terms_, chunk, count = self._columns(place, first, last)
                tf = count.astype(np.float64)
                values = idf[terms_] * tf / (tf + norm[chunk])
                rows.write(int(starts[first]), chunk.tobytes())
                scores.write(int(starts[first]), values.astype(np.float32).tobytes())
        self._spilled.unlink(missing_ok=True)

    def _file(self, name: str, dtype: type) -> RowFile:
        header = array_header(dtype, (self._postings,))
        return RowFile(self._folder / name, header=header, rows=self._postings, row_bytes=4)

    def _columns(
        self, place: "NDArray[np.int32]", first: int, last: int
    ) -> tuple["NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.int32]"]:
        """Return term, chunk and count of the postings of terms in [first, last), by term, then by chunk."""
        import numpy as np

        parts = []
        for found, chunks, counts in self._blocks():
            numbers = place[found]
            inside = (numbers >= first) & (numbers < last)
            parts.append((numbers[inside], chunks[inside], counts[inside]))
        numbers, chunks, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(numbers, kind="stable")
        return numbers[order], chunks[order], counts[order]

    def _flush(self) -> None:
        with self._spilled.open("ab") as file:
            for column in self._columns_in_memory:
                column.tofile(file)
        self._block_sizes.append(len(self._columns_in_memory[0]))
        for column in self._columns_in_memory:
            del column[:]

    def _blocks(self) -> Iterator[tuple["NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.int32]"]]:
        """Yield term, chunk and count of the postings in the file, block by block, in the order of chunks."""
        import numpy as np

        with self._spilled.open("rb") as file:
            for size in self._block_sizes:
                found, chunks, counts = np.fromfile(file, dtype=np.int32, count=3 * size).reshape(3, size)
                yield found, chunks, counts


def _ranges(starts: "NDArray[np.int64]") -> Iterator[tuple[int, int]]:
    """Yield ranges of terms with at most `POSTINGS_IN_MEMORY` postings, or one term with more."""
    import numpy as np

    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + POSTINGS_IN_MEMORY, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last
