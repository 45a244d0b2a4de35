"""One answer from every engine: what this machine says of lists, a real Spark says, and any other engine would."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl
import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.engines.choice import engine_for
from mesms_gitops.audience.engines.engine import Table, column
from mesms_gitops.audience.engines.spark import SparkEngine
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.model.campaign import At, ListSource, NumbersSource, Schedule, Tolerance
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.suppression import Suppression
from mesms_gitops.planning.desire import desired_sends
from tests.audience import servers
from tests.audience.conftest import need, position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mesms_gitops.audience.engines.engine import Engine, Lazy
    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign, Source

KEY = HashKey.of_secret("in tests")
SCHEDULE = Schedule(At(datetime(2027, 4, 10, 3, tzinfo=UTC), "Asia/Bangkok"))
FORGOTTEN = Suppression.of((Suppression.of((), KEY).entry(800_000_000 + at) for at in range(20, 30)), KEY)
SETTINGS = """\
spark.sql.shuffle.partitions 2
spark.driver.memory 600m
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.net.preferIPv4Stack=true
"""


class LazyPolars:
    """Another engine that Narwhals drives: if it gives the same, the rules depend on none of them."""

    def reads(self, source: Source) -> bool:
        return isinstance(source, ListSource) and source.kind == "parquet"

    def label(self, source: ListSource) -> str:
        return "/".join(Path(source.location).parts[-2:])

    def start(self, environment: object) -> None:
        pass

    def table(self, source: ListSource) -> Table:
        frame = pl.scan_parquet(source.location)
        names = tuple(frame.collect_schema().names())
        return Table(names, nw.from_native(frame.rename({name: column(at) for at, name in enumerate(names)})))

    def lazy(self, frame: pl.DataFrame) -> Lazy:
        return nw.from_native(frame.lazy())

    def kept(self, frame: Lazy) -> Lazy:
        return nw.from_native(frame.to_native().collect().lazy())

    def few(self, frame: Lazy) -> list[tuple[Any, ...]]:
        return list(frame.to_native().collect().rows())

    def rows(self, frame: Lazy) -> Iterator[tuple[Any, ...]]:
        return iter(self.few(frame))

    def runs(self, frame: Lazy, keys: Sequence[str], number: str) -> Iterator[tuple[tuple[Any, ...], Sequence[int]]]:
        ordered = frame.to_native().collect().sort(*keys, number)
        for key, some in ordered.group_by(*keys, maintain_order=True):
            yield key, some[number].to_list()

    def release(self, frame: Lazy) -> None:
        pass


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """A real Spark in this machine, which speaks to nobody."""
    need("pyspark")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        servers.lacking("Java")
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("spark")
        (place / "spark-defaults.conf").write_text(SETTINGS)
        patch.setenv("SPARK_CONF_DIR", str(place))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("SPARK_LOCAL_DIRS", str(place))
        engine = SparkEngine("local[2]")
        engine.start(os.environ)
        yield engine
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        assert session is not None
        session.stop()
        SparkContext._gateway.shutdown()
        SparkContext._gateway.proc.stdin.close()
        SparkContext._gateway.proc.wait(timeout=30)
        SparkContext._gateway = SparkContext._jvm = None


def asked(campaign: Campaign, engine: Engine | None = None, suppression: Suppression | None = None) -> Audience:
    return examine(campaign, Outside(os.environ, engine=engine), suppression)


def fingerprints(campaign: Campaign, audience: Audience) -> list[str]:
    sends = desired_sends(campaign, audience, lambda values: f"hello {values.get('name')}", KEY)
    return [send.fingerprint for send in sends]


def said(audience: Audience) -> list[tuple[object, ...]]:
    """The findings, all but where in a list something stands: a cluster's rows have no numbers."""
    return [(found.severity, found.code, found.message, found.field, found.position) for found in audience.diagnostics]


def rejects(audience: Audience) -> list[tuple[str, ...]]:
    return sorted((label, masked, reason) for label, _, masked, reason in audience.rejects)


# --- generated lists --------------------------------------------------------------------------------------------------

THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
BAD = ("", None, "6.68E+10", "66800000001.0", "02-000-0001", "+1 202 555 0100", "0800", "08000000001111", "ไม่มี", "n/a")
NAMES = ("สมชาย", "Anna", "อรุณ  ", "O'Neil", "นที", "𝒵oë")


def spelled(chance: random.Random, subscriber: int) -> str:
    plain = f"0{subscriber}"
    return chance.choice(
        (
            plain,
            f"66{subscriber}",
            f"+66 {plain[1:3]} {plain[3:6]}-{plain[6:]}",
            f"\u200e{plain[:3]}\u2011{plain[3:]}\u00a0",
            plain.translate(THAI),
            f"0066{subscriber}",
            f"+66 (0) {subscriber}",
            str(subscriber),
        )
    )


def generated(chance: random.Random, folder: Path, name: str, *, is_figures: bool = False) -> str:
    """A messy list of people between whom and the other lists there is much in common; a number has one name a list."""
    people = [chance.randrange(800_000_000, 800_000_060) for _ in range(chance.randrange(1, 80))]
    names = {person: chance.choice(NAMES) for person in people}
    rows = [(spelled(chance, person), names[person], chance.choice(("yes", "no", "1"))) for person in people]
    rows += [(chance.choice(BAD), chance.choice(NAMES), chance.choice(("yes", "no"))) for _ in range(20)]
    chance.shuffle(rows)
    if is_figures:
        rows = [(str(person), names[person], "yes") for person in people]
    table = pl.DataFrame(rows, schema={" mobile": pl.String, "ชื่อ.เล่น": pl.String, "ok": pl.String}, orient="row")
    if is_figures:
        table = table.with_columns(pl.col(" mobile").cast(pl.Int64))
    path = folder / f"{name}.parquet"
    table.write_parquet(path)
    return str(path)


def messy(seed: int, folder: Path, campaign: Callable[..., Campaign]) -> Campaign:
    chance = random.Random(seed)
    naming = {"name": "ชื่อ.เล่น"}
    sources: list[Source] = [
        ListSource(
            "parquet", generated(chance, folder, "a"), "mobile", naming, {"ok": ("yes", "1")}, None, position(5)
        ),
        ListSource("parquet", generated(chance, folder, "b", is_figures=True), "mobile", naming, position=position(6)),
        ListSource("parquet", generated(chance, folder, "c"), "mobile", position=position(7)),
        NumbersSource(tuple({spelled(chance, 800_000_000 + chance.randrange(70)) for _ in range(5)})),
    ]
    chance.shuffle(sources)
    out = folder / "out.csv"
    out.write_text("phone\n" + "".join(f"{spelled(chance, 800_000_000 + at)}\n" for at in range(5)) + "rubbish\n")
    exclude = (
        ListSource("parquet", generated(chance, folder, "d"), "mobile", where={"ok": ("no",)}, position=position(8)),
        ListSource("csv", str(out), "phone", position=position(9)),
    )
    return campaign(
        *sources,
        text="{{ name }}",
        exclude=exclude,
        invalid=Tolerance(3) if seed % 3 == 2 else Tolerance(None, 1.0),
        variables={"name": "you"},
        schedule=SCHEDULE,
    )


def same(campaign: Campaign, engine: Engine, suppression: Suppression | None = None) -> Audience:
    """What ``engine`` makes of ``campaign``, which is what this machine makes of it."""
    here, there = asked(campaign, None, suppression), asked(campaign, engine, suppression)
    assert there.counts == here.counts
    assert said(there) == said(here)
    assert [dict(group.values) for group in there.groups] == [dict(group.values) for group in here.groups]
    assert there.groups == here.groups
    assert rejects(there) == rejects(here)
    assert fingerprints(campaign, there) == fingerprints(campaign, here)
    return there


@pytest.mark.parametrize("seed", range(15))
def test_the_rules_say_the_same_on_another_engine(seed: int, tmp_path: Path, campaign: Callable[..., Campaign]) -> None:
    same(messy(seed, tmp_path, campaign), LazyPolars(), FORGOTTEN if seed % 2 else None)


def test_the_generated_lists_have_what_matters(tmp_path: Path, campaign: Callable[..., Campaign]) -> None:
    """Else the equalities above and below would be about nothing."""
    audiences = [asked(messy(seed, tmp_path, campaign), None, FORGOTTEN) for seed in range(15)]
    counts = [audience.counts for audience in audiences]
    for key in ("recipients", "duplicates", "excluded", "filtered", "exclude_invalid", "invalid_total", "suppressed"):
        assert sum(getattr(one, key) > 0 for one in counts) > 7, key
    assert {len(audience.groups) > 3 for audience in audiences} == {True, False}
    found = {diagnostic.code for audience in audiences for diagnostic in audience.diagnostics}
    assert {codes.SOME_BAD, codes.TOO_MANY_BAD, codes.LOST_ZERO, codes.BAD_OPT_OUT} <= found


# --- Spark ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_spark_gives_the_same_audience_and_the_same_fingerprints(
    seed: int, tmp_path: Path, campaign: Callable[..., Campaign], spark: SparkEngine
) -> None:
    """Byte for byte: values, numbers, counts, what is said, masked rejects."""
    same(messy(seed, tmp_path, campaign), spark, FORGOTTEN)


def listed(folder: Path, name: str, table: dict[str, Any], **more: Any) -> ListSource:
    pl.DataFrame(table).write_parquet(folder / name)
    return ListSource("parquet", str(folder / name), "mobile", position=position(5), **more)


def test_several_values_of_one_number_in_a_table_are_refused_and_counted(
    tmp_path: Path, campaign: Callable[..., Campaign], spark: SparkEngine
) -> None:
    """A cluster has no first row. Equal rows are one; a number that an earlier list named has its values from there."""
    people = ["0800000001", "0800000001", "0800000002", "+66800000002", "0800000003", "0800000003", "0800000004"]
    names = ["Anna", "Ben", "Carl", "Carl", "Dora", "Eve", ""]
    naming = {"variables": {"name": "name"}}
    table = listed(tmp_path, "a.parquet", {"mobile": people, "name": names}, **naming)
    earlier = listed(tmp_path, "b.parquet", {"mobile": ["0800000003"], "name": ["Dora"]}, **naming)
    for engine in (LazyPolars(), spark):
        audience = asked(campaign(earlier, table, text="{{ name }}"), engine)
        assert [(found.code, found.field, found.message) for found in audience.diagnostics] == [
            (codes.NO_FIRST_ROW, "recipients.1", f"{tmp_path.name}/a.parquet gives 1 number several different values"),
            (
                codes.BLANK_VALUE,
                "recipients.1.variables.name",
                f"{tmp_path.name}/a.parquet: 1 recipient with nothing in “name”, which is their {{{{ name }}}}",
            ),
        ]
        assert audience.diagnostics[0].position == position(5)
        assert (audience.groups, audience.counts.recipients, audience.counts.duplicates) == ((), 4, 4)


def test_a_list_that_this_machine_reads_keeps_its_first_row(tmp_path: Path, campaign: Callable[..., Campaign]) -> None:
    """Its rows have an order, wherever they are narrowed: several values are a warning, as without an engine."""
    path = tmp_path / "c.csv"
    path.write_text("mobile,name\n0800000001,Anna\n0800000001,Ben\n0800000002,Carl\n0800000002,Dora\n")
    source = ListSource("csv", str(path), "mobile", {"name": "name"}, position=position(6))
    table = listed(tmp_path, "b.parquet", {"mobile": ["0800000002"], "name": ["Eve"]}, variables={"name": "name"})
    audience = same(campaign(table, source, text="{{ name }}", schedule=SCHEDULE), LazyPolars())
    assert [found.code for found in audience.diagnostics] == [codes.TWO_VALUES]
    assert audience.diagnostics[0].message.startswith(f"{tmp_path.name}/c.csv: 1 row ")


def test_tables_folders_and_patterns(tmp_path: Path, campaign: Callable[..., Campaign], spark: SparkEngine) -> None:
    """A table is read by its name, a folder whole, with what its subfolders are called as a column of text."""
    for part, phone in (("01", "0800000001"), ("1", "0800000002")):
        (tmp_path / f"shop/branch={part}").mkdir(parents=True)
        listed(tmp_path, f"shop/branch={part}/x.parquet", {"mobile": [phone]})
    listed(tmp_path, "y1.parquet", {"mobile": ["0800000003", "0800000001"], "extra": [1, 2]})
    listed(tmp_path, "y2.parquet", {"mobile": [800_000_004, 800_000_005], "Mobile": ["x", "y"]})
    listed(tmp_path, "[z].parquet", {"mobile": ["0800000006", "0800000007"]})
    session = _session()
    session.sql("create or replace temp view members as select '0800000008' as mobile, true as ok, 5.50 as price")
    sources = (
        ListSource("parquet", str(tmp_path / "shop"), "mobile", where={"branch": ("01",)}),
        ListSource("parquet", str(tmp_path / "y[1].parq*"), "mobile"),
        ListSource("parquet", str(tmp_path / "y2.parquet"), "mobile"),
        ListSource("parquet", str(tmp_path / "[z].parquet"), "mobile"),
        ListSource("table", "members", "mobile", where={"ok": ("true",), "price": ("5.50",)}),
    )
    audience = asked(campaign(*sources[:2], *sources[3:]), spark)
    assert not [found for found in audience.diagnostics if found.is_error]
    assert [list(group.numbers) for group in audience.groups] == [
        [800_000_001, 800_000_003, 800_000_006, 800_000_007, 800_000_008]
    ]
    assert (audience.counts.duplicates, audience.counts.filtered) == (1, 1)
    (twice,) = asked(campaign(sources[2]), spark).diagnostics
    assert (twice.code, twice.field) == (codes.HEADER, "recipients.0.parquet")


def _session() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def test_a_list_that_spark_cannot_read_is_named_with_its_place(
    tmp_path: Path, campaign: Callable[..., Campaign], spark: SparkEngine
) -> None:
    """Every list of the campaign is said of in one run, and no cell is quoted."""
    (tmp_path / "text.parquet").write_text("mobile\n0800000001\n")
    (tmp_path / "empty").mkdir()
    listed(tmp_path, "a.parquet", {"Mobile": ["0800000001"], "ok": [1.0], "at": [datetime(2027, 1, 1)]})
    pl.DataFrame(schema={"mobile": pl.String}).write_parquet(tmp_path / "nobody.parquet")

    def at(name: str, **more: Any) -> ListSource:
        return ListSource("parquet", str(tmp_path / name), "mobile", position=position(5), **more)

    sources = (
        at("a.parquet"),
        ListSource(
            "parquet", str(tmp_path / "a.parquet"), "Mobile", {"at": "at"}, {"ok": ("1",)}, position=position(5)
        ),
        at("none.parquet"),
        at("none*.parquet"),
        at("empty"),
        at("text.parquet"),
        at("nobody.parquet"),
        ListSource("table", "crm.members", "mobile", position=position(5)),
        ListSource("table", "no name", "mobile", position=position(5)),
    )
    audience = asked(campaign(*sources, exclude=(at("gone.parquet"),)), spark)
    here = tmp_path.name
    assert [(found.code, found.field, found.message) for found in audience.diagnostics] == [
        (codes.UNREADABLE, "exclude.0.parquet", f"there is no file {here}/gone.parquet"),
        (codes.MISSING_COLUMN, "recipients.0.phone", f"{here}/a.parquet has no column “mobile”"),
        (codes.BROKEN, "recipients.1.where.ok", f"column “ok” of {here}/a.parquet is not text"),
        (codes.UNREADABLE, "recipients.2.parquet", f"there is no file {here}/none.parquet"),
        (codes.UNREADABLE, "recipients.3.parquet", f"there is nothing at {here}/none*.parquet"),
        (codes.UNREADABLE, "recipients.4.parquet", f"{here}/empty holds no Parquet files"),
        (codes.BROKEN, "recipients.5.parquet", f"{here}/text.parquet is not usable Parquet"),
        (codes.UNREADABLE, "recipients.7.table", "the cluster knows no table crm.members"),
        (codes.UNREADABLE, "recipients.8.table", "“no name” is no name of a table"),
        (codes.NO_ROWS, "recipients.6", f"{here}/nobody.parquet has no rows"),
    ]
    assert {found.position for found in audience.diagnostics} == {position(5)}
    assert audience.diagnostics[1].why == "it has: Mobile, ok, at"
    assert "0800000001" not in repr(audience.diagnostics)


def test_a_table_needs_a_cluster(campaign: Callable[..., Campaign]) -> None:
    (found,) = asked(campaign(ListSource("table", "crm.members", "mobile", position=position(5)))).diagnostics[:1]
    assert (found.code, found.field, found.position) == (codes.NEEDS_CLUSTER, "recipients.0.table", position(5))
    assert "engine: spark" in (found.next_step or "")


def test_without_java_or_the_library_the_message_says_what_to_install(
    campaign: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = campaign(ListSource("table", "crm.members", "mobile", position=position(5)))
    for environment in ({"PATH": "/nonexistent"}, {"JAVA_HOME": "/nonexistent", **os.environ}):
        if environment.get("JAVA_HOME"):
            environment["JAVA_HOME"] = "/nonexistent"
        (found, *_) = examine(people, Outside(environment, engine=engine_for("spark"))).diagnostics
        assert (found.code, found.message) == (codes.LACKS_LIBRARY, "Spark needs Java, which is not installed")
        assert found.position == position(5)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    (found, *_) = asked(people, engine_for("spark")).diagnostics
    assert (found.code, found.next_step) == (codes.LACKS_LIBRARY, "pip install 'mesms-gitops[spark]'")


def test_who_needs_no_cluster_starts_none() -> None:
    """Neither a project without an engine nor a campaign without a table loads the library."""
    program = """
import sys
from mesms_gitops.audience.engines.choice import engine_for
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.model.campaign import *
numbers = NumbersSource(("0800000001",))
text = LocalTemplate("sale")
sale = Campaign("sale", "f", DeclaredState.ACTIVE, MessageClass.MARKETING, "Siam", text, sources=(numbers,))
assert examine(sale, Outside(engine=engine_for("spark"))).counts.recipients == 1
assert engine_for("local") is None
print([name for name in ("pyspark", "py4j") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
