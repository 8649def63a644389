"""The wire contract of everything but answers: articles, the index itself, a build, an error."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from qa.types import Article, ArticleSummary, BuildReport, Manifest
from qa.wire.fields import OffsetUnit, Wire, WireError

if TYPE_CHECKING:
    from qa.milvus import ShardReport

Count = Annotated[int, Field(ge=0)]


class WireErrorBody(Wire):
    """The body of every response of status 400 and above."""

    error: WireError = Field(description="what went wrong")


class WireArticleHead(Wire):
    """What is known of an article besides its text; named as in a citation, so that both join."""

    document_id: str = Field(description="the article's path under the indexed folder")
    document_title: str = Field(description="the article's title")
    source: str | None = Field(description="publisher")
    author: str | None = Field(description="author")
    published: str | None = Field(description="date of publication: a year, a month or a day in ISO 8601")
    url: str | None = Field(description="where the article was published")
    language: str | None = Field(description="ISO 639-1 code, as the article states it, else detected")
    document_sha256: str = Field(description="hash of the article's text")
    characters: Count = Field(description="length of the text in code points")


class WireArticleSummary(WireArticleHead):
    """One line of the list of articles."""

    chunks: Count = Field(description="chunks made of the article")
    copy_of: str | None = Field(description="`document_id` of the article that this one is a copy of")


class WireArticles(Wire):
    """Every article of the index."""

    articles: list[WireArticleSummary] = Field(description="the articles, in the order of their ids")


class WireArticle(WireArticleHead):
    """One article with the text that every offset points into."""

    provenance: dict[str, str] = Field(description="where in its file each known field was found")
    offset_unit: OffsetUnit = Field("unicode_code_points", description="unit of offsets into `text`")
    text: str = Field(description="the whole stored text")


class WireModel(Wire):
    """The embedding model that shaped the index."""

    name: str = Field(description="name of the model")
    weights_sha256: str = Field(description="hash of its weights")
    tokenizer_sha256: str = Field(description="hash of its tokenizer")
    dim: Count = Field(description="numbers in one vector")
    max_tokens: Count = Field(description="tokens that the model reads at once")
    pooling: str = Field(description="how token vectors become one")
    question_prefix: str = Field(description="put in front of a question before embedding")
    chunk_prefix: str = Field(description="put in front of a chunk before embedding")


class WireChunker(Wire):
    """What decided where chunks begin and end."""

    version: int = Field(description="version of the splitting rules")
    max_tokens: Count = Field(description="largest chunk in tokens of the model")
    overlap_tokens: Count = Field(description="most tokens that neighbouring chunks share")


class WireFile(Wire):
    """One file of the index."""

    size: Count = Field(description="bytes")
    sha256: str = Field(description="hash of the bytes")


class WireManifest(Wire):
    """What the open index is and everything that shaped it."""

    format_version: int = Field(description="version of the index format")
    min_reader_version: int = Field(description="oldest reader that understands it")
    generation: str = Field(description="name of the generation")
    digest: str = Field(description="hash of everything in the index; equal for equal builds")
    corpus_sha256: str = Field(description="hash of the articles")
    model: WireModel = Field(description="the embedding model")
    runtime: str = Field(description="what computed the vectors")
    chunker: WireChunker = Field(description="the chunker")
    lexical: dict[str, str | float] = Field(description="settings of the keyword index")
    dense_kind: str = Field(description="kind of vector index")
    articles: Count = Field(description="articles in the index")
    chunks: Count = Field(description="chunks in the index")
    copies: Count = Field(description="articles that are copies of others")
    created_by: str = Field(description="program and version that built it")
    files: dict[str, WireFile] = Field(description="files of the generation by name")


class WireSkipped(Wire):
    """A file that could not become an article."""

    path: str = Field(description="path under the folder")
    reason: str = Field(description="why it was skipped")


class WireBuildReport(Wire):
    """What `qa index` did; the four counts of articles compare with the index before."""

    schema_version: Literal[1] = Field(1, description="version of this object")
    published: bool = Field(description="false: nothing had changed and the index before stays")
    added: Count = Field(description="articles that are new")
    changed: Count = Field(description="articles whose text or metadata differ")
    removed: Count = Field(description="articles that are gone")
    unchanged: Count = Field(description="articles that are the same")
    chunks_embedded: Count = Field(description="chunks that had to be embedded")
    skipped: list[WireSkipped] = Field(description="files that could not become articles")
    manifest: WireManifest = Field(description="the index as it is now")


class WireShardReport(Wire):
    """What `qa index --shard` did; nothing is published."""

    schema_version: Literal[1] = Field(1, description="version of this object")
    number: Count = Field(description="which shard, counted from 1")
    of: Count = Field(description="how many shards there are")
    articles: Count = Field(description="articles in it")
    chunks: Count = Field(description="chunks in it")
    chunks_embedded: Count = Field(description="chunks that had to be embedded")
    skipped: list[WireSkipped] = Field(description="files of the folder that could not become articles")


def wire_summary(summary: ArticleSummary) -> WireArticleSummary:
    """Turn one line of the list of articles into its wire form."""
    return WireArticleSummary(
        document_id=summary.id,
        document_title=summary.title,
        source=summary.source,
        author=summary.author,
        published=summary.published,
        url=summary.url,
        language=summary.language,
        document_sha256=summary.sha256,
        characters=summary.characters,
        chunks=summary.chunks,
        copy_of=summary.copy_of,
    )


def wire_article(article: Article) -> WireArticle:
    """Turn an article into its wire form."""
    return WireArticle(
        document_id=article.id,
        document_title=article.title,
        source=article.source,
        author=article.author,
        published=article.published,
        url=article.url,
        language=article.language,
        document_sha256=article.sha256,
        characters=len(article.text),
        provenance=dict(article.provenance),
        offset_unit="unicode_code_points",
        text=article.text,
    )


def wire_manifest(manifest: Manifest) -> WireManifest:
    """Turn a manifest into its wire form; the names are the same."""
    return WireManifest.model_validate(manifest)


def wire_report(report: BuildReport) -> WireBuildReport:
    """Turn a build report into the object that `qa index --json` prints."""
    return WireBuildReport.model_validate(report)


def wire_shard(report: "ShardReport") -> WireShardReport:
    """Turn a shard's report into the object that `qa index --shard --json` prints."""
    return WireShardReport.model_validate(report)
