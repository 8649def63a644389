"""A model of another make and of many languages: XLM-RoBERTa's architecture and kind of tokenizer, prefixes and all.

No such model can be had without a network, so this one is made here, with random weights: what it finds says nothing,
but every part has to work with it, and shared words still make texts alike.
"""

from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.index import open_generation
from qa.models import CompiledEmbedder, ModelFolder, find_model, open_embedder
from qa.settings import Settings
from qa.wiring import build_index

pytestmark = pytest.mark.model

ARTICLES = {
    "hafen.md": "# Der Hafen\n\nDer Hafen wurde am Montag wegen eines Sturms geschlossen. Die Schiffe warteten draußen.\n",
    "puerto.md": "# El puerto\n\nEl puerto cerró el lunes por una tormenta. Los barcos esperaron fuera de la bahía.\n",
    "gavan.md": "# Гавань\n\nГавань закрыли в понедельник из-за шторма. Корабли ждали снаружи, и два просили о помощи.\n",
    "gang.md": "# 港口\n\n星期一，港口因暴风雨关闭。船只在海湾外等候，其中两艘在夜间求救。\n",
    "mina.md": "# الميناء\n\nأغلق الميناء يوم الاثنين بسبب عاصفة. انتظرت السفن خارج الخليج.\n",
}
QUESTIONS = {
    "Warum wurde der Hafen geschlossen?": "hafen.md",
    "¿Por qué cerró el puerto?": "puerto.md",
    "Почему закрыли гавань?": "gavan.md",
    "港口为什么关闭？": "gang.md",
    "لماذا أغلق الميناء؟": "mina.md",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A sentence-transformers folder with a SentencePiece-like tokenizer and a tiny XLM-RoBERTa."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    folder = tmp_path_factory.mktemp("multilingual")
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=500, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([*ARTICLES.values(), *QUESTIONS] * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=128,
    ).save_pretrained(folder / "source")
    torch.manual_seed(7)
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=130,
        type_vocab_size=1,
    )
    XLMRobertaModel(config).save_pretrained(folder / "source")
    transformer = Transformer(str(folder / "source"), max_seq_length=128)
    SentenceTransformer(
        modules=[transformer, Pooling(64, "mean")],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    ).save(str(folder / "model"))
    return find_model(str(folder / "model"))


def test_it_indexes_and_quotes_in_every_language(
    model: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    articles = tmp_path / "articles"
    articles.mkdir()
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    settings = Settings(model=str(model.path), index_dir=tmp_path / "index", threads=2)
    report = build_index(articles, settings)
    assert report.manifest.articles == len(ARTICLES)
    assert report.manifest.model.question_prefix == "query: "
    embedder = open_embedder(model, threads=2)
    assert isinstance(embedder, CompiledEmbedder)
    generation = open_generation(tmp_path / "index", model=embedder.fingerprint)
    asked = Answerer(generation, embedder, refuse_below=0.0)
    assert generation.lexical.languages == ("ar", "de", "es", "ru", "zh")
    for question, article in QUESTIONS.items():
        answer = asked.ask(question, max_context_tokens=100)
        # Which passage comes first is up to random vectors; the words are matched in every language.
        assert max(answer.passages, key=lambda each: each.lexical).chunk.article_id == article
        assert {each.chunk.article_id for each in answer.passages} == ARTICLES.keys()
        for citation in answer.citations:
            text = asked.generation.article(citation.article_id).text
            assert text[citation.start : citation.end] == citation.quote
