"""The reader's network: a small transformer that reads a question together with a passage."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel

from qa.models import quiet


class ReaderNetwork(torch.nn.Module):
    """A cross-encoder with three heads.

    The first and last token of the answer are found among the tokens' final states (Devlin et al. 2019); whether
    the passage is about the question, and whether it answers it, is read off the first token's.
    """

    def __init__(self, folder: Path, *, attention: str = "sdpa") -> None:
        """Begin with the transformer of a model folder, and new heads."""
        super().__init__()
        with quiet():  # it reports the pooling layer that is left out
            self.transformer: Any = AutoModel.from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,
                attn_implementation=attention,
                attention_probs_dropout_prob=0.0,  # dropout costs a sixth of a step, and examples are seen about once
                hidden_dropout_prob=0.0,
                add_pooling_layer=False,
            )
        width: int = self.transformer.config.hidden_size
        self.span = torch.nn.Linear(width, 2)
        self.mixed = torch.nn.Linear(width, width)
        self.whole = torch.nn.Linear(width, 2)

    def forward(
        self, ids: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits, (rows, tokens, 2) for start and end, and (rows, 2) for relevance and answerability.

        `ids`, `kinds` (1 from the passage on) and `mask` are int64, (rows, tokens). The span that stands for
        "no answer here" begins and ends at the first token.
        """
        states = self.transformer(input_ids=ids, token_type_ids=kinds, attention_mask=mask).last_hidden_state
        return self.span(states), self.whole(torch.tanh(self.mixed(states[:, 0])))
