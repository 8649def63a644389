"""What may be asked."""

MAX_QUESTION_CHARS = 2000
MAX_K = 50
