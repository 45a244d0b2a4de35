"""Files with people's numbers, on request: whole or not at all, for their owner alone, never where git looks."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from mesms_gitops.cli.whole_file import no_file_at
from mesms_gitops.errors import ConfigError, UsageError
from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS
from mesms_gitops.store.result_form import NUMBER, STATUS, SendResults, in_states

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from polars import DataFrame

    from mesms_gitops.model.results import ResultHead

OPTION: Final = "--recipients"
KINDS: Final = (".csv", ".parquet")
COLUMNS: Final = ("campaign", "msisdn", "status", "doubts")
_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the recipients go: files that may be written, each of a kind that is known by its ending."""

    paths: tuple[Path, ...]

    @classmethod
    def of(cls, text: str, start: Path, *, force: bool) -> Targets:
        """``text`` is file names with commas between, relative to ``start``.

        Raises `UsageError` for a kind that is not known and for a file named twice, `ConfigError` for a file that is
        there (unless ``force``), and for one that git would see.
        """
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names or any(Path(name).suffix.lower() not in KINDS for name in names):
            raise UsageError(
                "the recipients go into .csv and .parquet files",
                where=f"{OPTION} {text}",
                next_step=f"mesms-gitops report NAME {OPTION} recipients.csv,recipients.parquet",
            )
        paths = tuple((start / name).absolute() for name in names)
        for path in paths:
            _check_place(path, force=force)
            refuse_in_git(path)
        if len({path.resolve() for path in paths}) < len(paths):
            raise UsageError(
                "one file is named twice",
                where=f"{OPTION} {text}",
                next_step="name each file once; nothing was written",
            )
        return cls(paths)

    def write(self, people: Sequence[SendResults], delivery_states: Collection[str] = ()) -> int:
        """Write everybody in ``people``, in every file, only those in ``delivery_states`` if any are named.

        How many rows. Raises `ConfigError`.
        """
        chosen = [
            SendResults(head, in_states(frame, delivery_states) if delivery_states else frame) for head, frame in people
        ]
        for path in self.paths:
            with _replaced(path) as file:
                if path.suffix.lower() == ".csv":
                    _write_csv(file, chosen)
                else:
                    _write_parquet(file, chosen)
        return sum(one.frame.height for one in chosen)


def refuse_in_git(path: Path) -> None:
    """Raise `ConfigError` for a path in a git work tree, unless it is ignored there: numbers never enter git."""
    from mesms_gitops.store.git_command import Git

    folder = path.parent.resolve()
    root = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
    if root is None:
        return
    # .git itself is no work tree, and nobody who writes there means well
    said = Git(folder).run("check-ignore", "-q", "--", str(folder / path.name))
    if said.is_well and ".git" not in folder.parts:
        return
    name = (folder / path.name).relative_to(root).as_posix()
    raise ConfigError(
        "phone numbers would stand in a git work tree",
        where=f"{OPTION} {path}",
        why=f"git does not ignore it, so the next commit of {root} could take it along",
        next_step=f"write it elsewhere, or put a line `/{name}` into {root / '.gitignore'}",
    )


def _check_place(path: Path, *, force: bool) -> None:
    if not path.parent.is_dir():
        raise ConfigError(
            f"there is no folder {path.parent}", where=OPTION, next_step="make it, or name a file elsewhere"
        )
    wrong = no_file_at(path)
    if wrong is not None or (path.exists() and not force):
        raise ConfigError(
            wrong or "this file is there already",
            where=f"{OPTION} {path}",
            next_step="choose another name, or overwrite a file with --force",
        )


@contextmanager
def _replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file that is at ``path`` once the context ends well; a temporary one is for its owner alone, and so is this."""
    try:
        # with the same ending: where git ignores `*.csv`, it ignores one that a crash left behind as well
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115
            dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix, delete=False
        )
        try:
            yield file
            file.close()
            Path(file.name).replace(path)
        finally:
            file.close()
            with suppress(OSError):
                Path(file.name).unlink()
    except OSError as error:
        raise ConfigError(
            "the recipients could not be written",
            where=f"{OPTION} {path}",
            why=error.strerror,
            next_step="choose another file",
        ) from error


def _shown(head: ResultHead, frame: DataFrame) -> DataFrame:
    """As people want it: the campaign, 66XXXXXXXXX, ME-SMS's word, and what is in doubt about all of that send."""
    import polars as pl

    digits = pl.col(NUMBER).cast(pl.String).str.zfill(SUBSCRIBER_DIGITS)
    campaign, msisdn, status, doubts = COLUMNS
    doubted = ";".join(doubt.kind.value for doubt in head.doubts)
    return frame.select(
        pl.lit(head.campaign).alias(campaign),
        (pl.lit(COUNTRY_CODE) + digits).alias(msisdn),
        pl.col(STATUS).cast(pl.String).alias(status),
        pl.lit(doubted or None, pl.String).alias(doubts),
    )


def _write_csv(file: IO[bytes], people: Iterable[SendResults]) -> None:
    file.write((",".join(COLUMNS) + "\n").encode())
    for head, frame in people:
        for some in frame.iter_slices(_ROWS):
            _shown(head, some).write_csv(file, include_header=False)


def _write_parquet(file: IO[bytes], people: Sequence[SendResults]) -> None:
    import polars as pl

    empty = pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
    pl.concat([empty, *(_shown(*one) for one in people)]).write_parquet(file)
