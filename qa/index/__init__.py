"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened."""

from qa.index.build import build_generation
from qa.index.dense import DenseIndex
from qa.index.doctor import examine
from qa.index.draft import BuildProgress
from qa.index.generation import Generation, open_generation
from qa.index.lexical import LexicalIndex
from qa.index.publish import Pointer, read_pointer
from qa.index.tokenise import terms

__all__ = [
    "BuildProgress",
    "DenseIndex",
    "Generation",
    "LexicalIndex",
    "Pointer",
    "build_generation",
    "examine",
    "open_generation",
    "read_pointer",
    "terms",
]
