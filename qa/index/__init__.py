"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened.

The names below are loaded on first use: `qa ask` must not pay for what builds an index.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.index.build import build_generation
    from qa.index.dense import DenseIndex
    from qa.index.doctor import examine
    from qa.index.draft import BuildProgress
    from qa.index.fields import Fields
    from qa.index.generation import Generation, open_generation
    from qa.index.lexical import LexicalIndex
    from qa.index.origin import indexed_folder, remember_folder
    from qa.index.publish import Pointer, read_pointer
    from qa.index.tokenise import matched_words, question_terms, terms
    from qa.index.words import term_language

__all__ = [
    "BuildProgress",
    "DenseIndex",
    "Fields",
    "Generation",
    "LexicalIndex",
    "Pointer",
    "build_generation",
    "examine",
    "indexed_folder",
    "matched_words",
    "open_generation",
    "question_terms",
    "read_pointer",
    "remember_folder",
    "term_language",
    "terms",
]

__getattr__ = lazy_door(
    __name__,
    {
        "build": ("build_generation",),
        "dense": ("DenseIndex",),
        "doctor": ("examine",),
        "draft": ("BuildProgress",),
        "fields": ("Fields",),
        "generation": ("Generation", "open_generation"),
        "lexical": ("LexicalIndex",),
        "origin": ("indexed_folder", "remember_folder"),
        "publish": ("Pointer", "read_pointer"),
        "tokenise": ("matched_words", "question_terms", "terms"),
        "words": ("term_language",),
    },
)
