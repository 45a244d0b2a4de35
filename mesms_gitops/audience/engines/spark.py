"""Apache Spark: tables and Parquet are read and narrowed where they are, and the people found are streamed here.

Only Spark's own code runs on the cluster: no Python of ours, so it needs none there. The JVM that starts here is kept
silent, because standard output belongs to plans: what it says goes to a nameless file, and an error quotes its reason.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import narwhals as nw

from mesms_gitops.audience import codes
from mesms_gitops.audience.engines.engine import Table, column
from mesms_gitops.audience.sources.extras import install
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.text_file import label_of, refuse_non_file
from mesms_gitops.model.campaign import ListSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from polars import DataFrame

    from mesms_gitops.audience.engines.engine import Lazy
    from mesms_gitops.model.campaign import Source

_APPLICATION: Final = "mesms-gitops"
_ELSEWHERE: Final = frozenset({"https", "http", "az"})
"""Places of Parquet files that this machine reads, because Spark has no file system for them."""
_RUN: Final = 1 << 14
"""Numbers that share so many leading bits travel together: one row for each person would take ten times as long."""
_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # folders named consent=01 are text, as every other cell is
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
_ALONE: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}
"""What runs in one machine listens to nobody else, and is not cut into the 200 pieces that a cluster is made for."""
_STARTING: Final = threading.Lock()
_GLOB: Final = re.compile(r"([\\*?\[\]{}])")


class SparkEngine:
    """A session, started when a list first needs it, on ``master``: None is what Spark's own settings say."""

    def __init__(self, master: str | None = None) -> None:
        self._master = master
        self._session: Any = None

    def reads(self, source: Source) -> bool:
        """Tables, and Parquet wherever Spark has a file system. See ``Engine``."""
        if not isinstance(source, ListSource):
            return False
        return source.kind == "table" or (source.kind == "parquet" and _scheme(source) not in _ELSEWHERE)

    def label(self, source: ListSource) -> str:
        """See ``Engine``."""
        return source.location if source.kind == "table" else label_of(source.location)

    def start(self, environment: Mapping[str, str]) -> None:
        """See ``Engine``."""
        if self._session is not None:
            return
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            what = "the library that drives Spark is not installed"
            raise Unusable(Finding(codes.LACKS_LIBRARY, what, next_step=install("spark"))) from error
        _require_java(environment)
        builder = SparkSession.builder.appName(_APPLICATION)
        if self._master:
            builder = builder.master(self._master)
        is_alone = self._master is not None and self._master.startswith("local")
        for name, setting in {**_SETTINGS, **(_ALONE if is_alone else {})}.items():
            builder = builder.config(name, setting)
        with _STARTING, _unheard() as said:
            try:
                self._session = builder.getOrCreate()
            except Exception as error:  # whatever of it, Spark is not there
                if not _is_foreign(error):
                    raise
                raise Unusable(_not_started(error, said)) from error

    def table(self, source: ListSource) -> Table:
        """See ``Engine``."""
        with _doors_closed(source, self.label(source)):
            if source.kind == "table":
                found = self._session.table(source.location)
            else:
                found = self._session.read.option("mergeSchema", "true").parquet(_address(source, self.label(source)))
            names = tuple(found.columns)
            return Table(names, nw.from_native(found.toDF(*(column(index) for index in range(len(names))))))

    def lazy(self, frame: DataFrame) -> Lazy:
        """See ``Engine``."""
        with _doors_closed():
            found: Lazy = nw.from_native(self._session.createDataFrame(frame.to_arrow()))
            return found

    def kept(self, frame: Lazy) -> Lazy:
        """See ``Engine``."""
        with _doors_closed():
            found: Lazy = nw.from_native(frame.to_native().persist())
            return found

    def few(self, frame: Lazy) -> list[tuple[Any, ...]]:
        """See ``Engine``."""
        with _doors_closed():
            return [tuple(row) for row in frame.to_native().collect()]

    def rows(self, frame: Lazy) -> Iterator[tuple[Any, ...]]:
        """See ``Engine``."""
        with _doors_closed():
            for row in frame.to_native().toLocalIterator():
                yield tuple(row)

    def runs(self, frame: Lazy, keys: Sequence[str], number: str) -> Iterable[tuple[tuple[Any, ...], Sequence[int]]]:
        """See ``Engine``."""
        from pyspark.sql import functions as spark

        with _doors_closed():
            place = spark.shiftright(spark.col(number), _RUN.bit_length() - 1)
            packed = (
                frame.to_native()
                .withColumn("place", place)
                .groupBy(*keys, "place")
                .agg(spark.sort_array(spark.collect_list(spark.col(number).cast("int"))).alias("numbers"))
                .orderBy(*keys, "place")
            )
            for *key, _, numbers in packed.toLocalIterator(prefetchPartitions=True):
                yield tuple(key), numbers

    def release(self, frame: Lazy) -> None:
        """See ``Engine``."""
        with suppress(Unusable), _doors_closed():  # a cluster that is gone has forgotten by itself
            frame.to_native().unpersist()


def _scheme(source: ListSource) -> str:
    return source.location.partition("://")[0] if "://" in source.location else ""


def _address(source: ListSource, label: str) -> str:
    """Where Spark looks. A path is this machine's; what exists is meant as it is written, else it may be a pattern."""
    scheme = _scheme(source)
    if scheme == "s3":
        return "s3a" + source.location.removeprefix("s3")
    if scheme:
        return source.location
    path = Path(source.location)
    if path.exists():
        return "file:" + _GLOB.sub(r"\\\1", str(path))
    if not _GLOB.search(source.location):
        refuse_non_file(path, source.kind, label)
    return f"file:{source.location}"


def _require_java(environment: Mapping[str, str]) -> None:
    home = environment.get("JAVA_HOME")
    found = (Path(home) / "bin" / "java").is_file() if home else shutil.which("java", path=environment.get("PATH"))
    if not found:
        why = "JAVA_HOME names a folder without bin/java" if home else "there is no `java`"
        advice = "install a Java runtime (Debian: apt-get install default-jre-headless), or set JAVA_HOME"
        what = "Spark needs Java, which is not installed"
        raise Unusable(Finding(codes.LACKS_LIBRARY, what, why=why, next_step=advice))


@contextmanager
def _unheard() -> Iterator[IO[bytes]]:
    """What a process that starts meanwhile has for its output and its errors, as long as it lives."""
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        ours = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in ours:
                os.dup2(said.fileno(), number)
            yield said
        finally:
            for number, copy in ours:
                os.dup2(copy, number)
                os.close(copy)


def _not_started(error: Exception, said: IO[bytes]) -> Finding:
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(_CHATTER)]
    why = _java_message(error) or (_THROWN.sub("", told[-1]) if told else type(error).__name__)
    advice = "check `audience.master`, Spark's own settings and the network"
    return Finding(codes.NO_CLUSTER, "no Spark session can be started", why=why[:_LONGEST], next_step=advice)


_THROWN: Final = re.compile(r'^Exception in thread "[^"]*" [\w.$]+: ')
_CONDITION: Final = re.compile(r"\[([A-Z0-9_.]+)\]")
_LONGEST: Final = 300
_CHATTER: Final = ("at ", "WARNING", "Using ", "Setting ", "To adjust")


def _java_message(error: Exception) -> str | None:
    """The first line of what Java says. Only for errors before any list is read: later ones may quote cells."""
    cause = getattr(error, "java_exception", None)
    message = str(cause.getMessage() or "") if cause is not None else ""
    return message.partition("\n")[0].strip() or None


def _is_foreign(error: BaseException) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in {"pyspark", "py4j"}


@contextmanager
def _doors_closed(source: ListSource | None = None, label: str = "") -> Iterator[None]:
    """Turn every foreign exception into Unusable: about ``source``, if it is known which list it is about."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Unusable) or not _is_foreign(error):
            raise
        raise Unusable(_named(error, source, label)) from None  # its text may quote a cell


def _named(error: Exception, source: ListSource | None, label: str) -> Finding:
    """What happened, in words that hold nothing of a list."""
    condition = _condition(error)
    key = source.kind if source else ""

    def finding(code: str, what: str, next_step: str) -> Finding:
        return Finding(code, what, key, condition, next_step)

    match condition.partition(".")[0]:
        case "PATH_NOT_FOUND":
            return finding(codes.UNREADABLE, f"there is nothing at {label}", "check the address; Spark reads it")
        case "UNABLE_TO_INFER_SCHEMA":
            return finding(codes.UNREADABLE, f"{label} holds no Parquet files", "check the address; Spark reads it")
        case "TABLE_OR_VIEW_NOT_FOUND" | "SCHEMA_NOT_FOUND" | "CATALOG_NOT_FOUND":
            return finding(codes.UNREADABLE, f"the cluster knows no table {label}", "check its name and catalog")
        case "PARSE_SYNTAX_ERROR" | "INVALID_IDENTIFIER" | "REQUIRES_SINGLE_PART_NAMESPACE":
            return finding(codes.UNREADABLE, f"“{label}” is no name of a table", "write `table: schema.name`")
        case "COLUMN_ALREADY_EXISTS":
            what = f"{label} has two columns whose names differ in nothing but case"
            return finding(codes.HEADER, what, "give each column a name of its own")
        case "FAILED_READ_FILE" | "CANNOT_READ_FILE_FOOTER" | "CANNOT_MERGE_SCHEMAS":
            what = f"{label or 'a list'} is not usable Parquet"
            return finding(codes.BROKEN, what, "export it again; each file must have the same columns")
        case _:
            pass
    advice = "look into Spark's own log, then try again"
    return finding(codes.NO_CLUSTER, f"Spark could not read {label}" if label else "Spark broke off", advice)


def _condition(error: Exception) -> str:
    """The name that Spark gives what happened, without the text around it."""
    told = getattr(error, "getCondition", lambda: None)()
    if told:
        return str(told)
    cause = getattr(error, "java_exception", None)
    if cause is None:
        return type(error).__name__
    found = _CONDITION.match(str(cause.getMessage() or ""))
    return found[1] if found else str(cause.getClass().getSimpleName())
