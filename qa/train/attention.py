"""Attention for training on a processor, 1.3 to 1.6 times the speed of a whole step with PyTorch's own.

PyTorch's backward pass of attention in bfloat16 takes two fifths of a training step there, and its plain form
widens everything to float32. This one stays in bfloat16 (Vaswani et al. 2017, formula 1, and its derivative).
"""

from typing import Any

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

NAME = "bfloat16"
_CAN_NARROW = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 (no public name)
PRECISION = torch.bfloat16 if _CAN_NARROW else torch.float32
"""What a processor computes in: one that cannot multiply bfloat16 takes several times as long for it."""

_NEVER = -1e4
"""Added to a score, low enough that its share is 0 in any precision; infinities would make NaN of a hidden row."""


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        bias: torch.Tensor,
    ) -> torch.Tensor:
        scores = torch.matmul(query, key.transpose(-1, -2))
        scores += bias
        shares = torch.softmax(scores, -1)
        ctx.save_for_backward(query, key, value, shares)
        return torch.matmul(shares, value)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:  # noqa: ANN401
        query, key, value, shares = ctx.saved_tensors
        by_value = torch.matmul(shares.transpose(-1, -2), gradient)
        by_shares = torch.matmul(gradient, value.transpose(-1, -2))
        by_scores = torch._softmax_backward_data(by_shares, shares, -1, shares.dtype)  # noqa: SLF001
        return (
            torch.matmul(by_scores, key),
            torch.matmul(by_scores.transpose(-1, -2), query),
            by_value,
            None,
        )


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float,
    **rest: object,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers asks for it: (rows, heads, tokens, width) in, (rows, tokens, heads, width) out."""
    with torch.autocast("cpu", enabled=False):
        query, key, value = (part.to(PRECISION) for part in (query * scaling, key, value))
        if mask is None:  # no row has padding
            bias = torch.zeros((), dtype=PRECISION)
        else:  # padding is hidden from all tokens alike
            bias = mask[:, :, :1, :].clamp(min=_NEVER).to(PRECISION)
        return _Attention.apply(query, key, value, bias).transpose(1, 2).contiguous(), None  # type: ignore[no-untyped-call]


def narrow(device: torch.device) -> torch.autocast:
    """Return the context in which a network computes in bfloat16, where the device can."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu" or _CAN_NARROW)


def register() -> str:
    """Make this attention known to transformers, and return its name."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, eager_mask)
    return NAME
