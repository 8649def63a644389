"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened.

The names below are loaded on first use: `qa ask` must not pay for what builds an index.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.index.build import build_generation
    from qa.index.dense import DenseIndex
    from qa.index.fields import Fields
    from qa.index.folder import FolderStore
    from qa.index.generation import Generation, open_generation
    from qa.index.lexical import LexicalIndex
    from qa.index.offer import Offer, Usual, top
    from qa.index.origin import indexed_folder, remember_folder
    from qa.index.publish import Pointer, read_pointer
    from qa.index.seam import BuildProgress, IndexStore, OpenIndex, ReadArticles
    from qa.index.tokenise import matched_words, question_terms, terms
    from qa.index.words import term_language

__all__ = [
    "BuildProgress",
    "DenseIndex",
    "Fields",
    "FolderStore",
    "Generation",
    "IndexStore",
    "LexicalIndex",
    "Offer",
    "OpenIndex",
    "Pointer",
    "ReadArticles",
    "Usual",
    "build_generation",
    "indexed_folder",
    "matched_words",
    "open_generation",
    "question_terms",
    "read_pointer",
    "remember_folder",
    "term_language",
    "terms",
    "top",
]

__getattr__ = lazy_door(
    __name__,
    {
        "build": ("build_generation",),
        "dense": ("DenseIndex",),
        "fields": ("Fields",),
        "folder": ("FolderStore",),
        "generation": ("Generation", "open_generation"),
        "lexical": ("LexicalIndex",),
        "offer": ("Offer", "Usual", "top"),
        "origin": ("indexed_folder", "remember_folder"),
        "publish": ("Pointer", "read_pointer"),
        "seam": ("BuildProgress", "IndexStore", "OpenIndex", "ReadArticles"),
        "tokenise": ("matched_words", "question_terms", "terms"),
        "words": ("term_language",),
    },
)
