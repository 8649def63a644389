"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened.

The names below are loaded on first use: `qa ask` must not pay for what builds an index.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.index.build import build_generation, compare, only_articles
    from qa.index.copies import CopyFinder, Signature, copy_groups, signature_of
    from qa.index.dense import DenseIndex, inner_products, sample_rows
    from qa.index.doctor import embedded_again, embedded_texts, versions_check
    from qa.index.fields import Fields
    from qa.index.folder import FolderStore
    from qa.index.generation import Generation, open_generation
    from qa.index.lexical import BM25_B, BM25_K1, LEXICAL_SETTINGS, LexicalIndex
    from qa.index.manifest import (
        FORMAT_VERSION,
        MIN_READER_VERSION,
        IndexDigest,
        article_digest,
        check_matches,
        manifest_json,
        parse_manifest,
    )
    from qa.index.offer import Offer, Usual, top
    from qa.index.origin import indexed_folder, remember_folder
    from qa.index.publish import Pointer, read_pointer
    from qa.index.reuse import Text, embed_or_copy, text_of, vector_keys
    from qa.index.seam import BuildProgress, IndexStore, OpenIndex, ReadArticles, VectorSource
    from qa.index.tokenise import matched_words, question_terms, terms
    from qa.index.words import term_language

__all__ = [
    "BM25_B",
    "BM25_K1",
    "FORMAT_VERSION",
    "LEXICAL_SETTINGS",
    "MIN_READER_VERSION",
    "BuildProgress",
    "CopyFinder",
    "DenseIndex",
    "Fields",
    "FolderStore",
    "Generation",
    "IndexDigest",
    "IndexStore",
    "LexicalIndex",
    "Offer",
    "OpenIndex",
    "Pointer",
    "ReadArticles",
    "Signature",
    "Text",
    "Usual",
    "VectorSource",
    "article_digest",
    "build_generation",
    "check_matches",
    "compare",
    "copy_groups",
    "embed_or_copy",
    "embedded_again",
    "embedded_texts",
    "indexed_folder",
    "inner_products",
    "manifest_json",
    "matched_words",
    "only_articles",
    "open_generation",
    "parse_manifest",
    "question_terms",
    "read_pointer",
    "remember_folder",
    "sample_rows",
    "signature_of",
    "term_language",
    "terms",
    "text_of",
    "top",
    "vector_keys",
    "versions_check",
]

__getattr__ = lazy_door(
    __name__,
    {
        "build": (
            "build_generation",
            "compare",
            "only_articles",
        ),
        "copies": (
            "CopyFinder",
            "Signature",
            "copy_groups",
            "signature_of",
        ),
        "dense": (
            "DenseIndex",
            "inner_products",
            "sample_rows",
        ),
        "doctor": (
            "embedded_again",
            "embedded_texts",
            "versions_check",
        ),
        "fields": ("Fields",),
        "folder": ("FolderStore",),
        "generation": (
            "Generation",
            "open_generation",
        ),
        "lexical": (
            "BM25_B",
            "BM25_K1",
            "LEXICAL_SETTINGS",
            "LexicalIndex",
        ),
        "manifest": (
            "FORMAT_VERSION",
            "MIN_READER_VERSION",
            "IndexDigest",
            "article_digest",
            "check_matches",
            "manifest_json",
            "parse_manifest",
        ),
        "offer": (
            "Offer",
            "Usual",
            "top",
        ),
        "origin": (
            "indexed_folder",
            "remember_folder",
        ),
        "publish": (
            "Pointer",
            "read_pointer",
        ),
        "reuse": (
            "Text",
            "embed_or_copy",
            "text_of",
            "vector_keys",
        ),
        "seam": (
            "BuildProgress",
            "IndexStore",
            "OpenIndex",
            "ReadArticles",
            "VectorSource",
        ),
        "tokenise": (
            "matched_words",
            "question_terms",
            "terms",
        ),
        "words": ("term_language",),
    },
)
