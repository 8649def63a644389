"""Chunks and vectors on disk: immutable generations, written once, verified whenever they are opened."""

from qa.index.build import build
from qa.index.dense import DenseIndex
from qa.index.generation import Generation, open_generation
from qa.index.lexical import LexicalIndex, terms

__all__ = ["DenseIndex", "Generation", "LexicalIndex", "build", "open_generation", "terms"]
